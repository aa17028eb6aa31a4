using System.Diagnostics;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class FramePoolTests
{
    [Fact]
    public void Release_ByTheLastHolder_MakesTheMemoryFreeForTheNext()
    {
        var pool = new FramePool(1 << 20);
        PooledFrame first = pool.Rent(5000);
        first.AddReference();
        first.Release();
        Assert.NotSame(first, pool.Rent(5000));
        first.Release();
        PooledFrame again = pool.Rent(8192);
        Assert.Same(first, again);
        Assert.Equal((8192, 8192), (again.Length, again.Capacity));
    }

    [Fact]
    public void Release_PastTheIdleLimit_KeepsNoMore()
    {
        var pool = new FramePool(idleBytesMax: 8192);
        PooledFrame[] frames = [pool.Rent(4096), pool.Rent(4096), pool.Rent(4096)];
        foreach (PooledFrame frame in frames)
        {
            frame.Release();
        }
        Assert.Equal(8192, pool.IdleBytes);
    }

    [Fact]
    public void Release_OnceTooOften_IsABug()
    {
        PooledFrame frame = new FramePool(0).Rent(10);
        frame.Release();
        Assert.Throws<UnreachableException>(frame.Release);
    }

    [Theory]
    [InlineData(0, 1024)]
    [InlineData(1024, 1024)]
    [InlineData(1025, 2048)]
    public void Rent_RoundsUpToPowersOfTwo(int bytes, int capacity)
    {
        PooledFrame frame = new FramePool(1 << 20).Rent(bytes);
        Assert.Equal((bytes, capacity), (frame.Length, frame.Capacity));
    }
}
