using Observability.Stress.Rings;

namespace Observability.Aggregator.Tests.Storage;

/// <summary>The seconds-long form of the command `rings` of tests/Stress.</summary>
public sealed class StoreTortureTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Store_UnderReadersAndSealer_NeverShowsATornSample(int seed)
    {
        Assert.Null(new StoreTorture(seed, operations: 10_000_000).Run(TimeSpan.FromSeconds(30), out _));
    }
}
