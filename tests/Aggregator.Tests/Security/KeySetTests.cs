using Observability.Aggregator.Security;

namespace Observability.Aggregator.Tests.Security;

public sealed class KeySetTests
{
    [Fact]
    public void Allows_WhenEmpty_IsOpen() => Assert.True(new KeySet([]).Allows(null));

    [Theory]
    [InlineData("alpha", true)]
    [InlineData("beta", true)]
    [InlineData("alphA", false)]
    [InlineData("alphabeta", false)]
    [InlineData("alpha,beta", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Allows_WithKeys_IsTrueForThoseOnly(string? presented, bool expected) =>
        Assert.Equal(expected, new KeySet(["alpha", "beta"]).Allows(presented));

    [Fact]
    public void Allows_AtTheLengthLimit_ComparesAndPastItRefuses()
    {
        string longest = new('k', KeySet.KeyBytesMax);
        var keys = new KeySet([longest, longest + "k"]);
        Assert.True(keys.Allows(longest));
        Assert.False(keys.Allows(longest + "k"));
    }
}
