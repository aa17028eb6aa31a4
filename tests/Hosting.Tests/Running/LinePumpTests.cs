using System.Text;
using Aspire.Hosting.Running;

namespace Hosting.Tests.Running;

public sealed class LinePumpTests
{
    [Fact]
    public async Task Run_AnyLineEnds_SplitsThere()
    {
        Assert.Equal(["a", "", "bä", "c"], await RunAsync("a\r\n\nbä\nc"));
    }

    [Fact]
    public async Task Run_LineAtAndPastTheLimit_IsKeptAndCut()
    {
        string atLimit = new('x', LinePump.LineCharactersMax);
        Assert.Equal([atLimit], await RunAsync(atLimit + "\n"), StringComparer.Ordinal);
        Assert.Equal([atLimit, "y", "next"], await RunAsync(atLimit + "y\nnext\n"), StringComparer.Ordinal);
    }

    private static async Task<List<string>> RunAsync(string output)
    {
        var lines = new List<string>();
        await LinePump.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(output)), lines.Add);
        return lines;
    }
}
