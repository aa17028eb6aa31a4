using Aspire.Hosting.Terminal;

namespace Hosting.Tests.Terminal;

public sealed class LineCleanerTests
{
    [Theory]
    [InlineData("plain\ttext ä", "plain\ttext ä")]
    [InlineData("\u001b[2J\u001b[H\u001b[3Acleared", "cleared")]
    [InlineData("\u001b[32mgreen\u001b[0m", "\u001b[32mgreen\u001b[0m")]
    [InlineData("\u001b]0;title\u0007text", "text")]
    [InlineData("bell\u0007 back\u0008 escape\u001b", "bell back escape")]
    [InlineData("\u001bcreset", "creset")]
    public void Clean_KeepingColors_TakesOutWhatMovesTheCursor(string line, string expected)
    {
        Assert.Equal(expected, LineCleaner.Clean(line, keepColors: true));
    }

    [Fact]
    public void Clean_WithoutColors_TakesThemOutToo()
    {
        Assert.Equal("green", LineCleaner.Clean("\u001b[1;32mgreen\u001b[0m", keepColors: false));
    }
}
