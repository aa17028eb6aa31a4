using Observability.Aggregator.Streaming.Connections;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class OutboundQueueTests
{
    private readonly FramePool _pool = new(1 << 20);
    private readonly OutboundQueue _queue = new(framesMax: 2, textsMax: 3);

    [Fact]
    public void TryAdd_AtAndPastTheBoundOfFrames_RefusesUntilOneIsTaken()
    {
        Assert.True(Add(Frame()));
        Assert.False(_queue.IsFull);
        Assert.True(Add(Frame()));
        Assert.True(_queue.IsFull);
        Assert.False(Add(Frame()));
        Assert.True(Add(Outbound.OfText([1])));
        Assert.True(_queue.TryTake(out _));
        Assert.False(_queue.IsFull);
        Assert.True(Add(Frame()));
    }

    [Fact]
    public void TryAdd_AtAndPastTheBoundOfTexts_Refuses()
    {
        for (int count = 0; count < 3; count++)
        {
            Assert.True(Add(Outbound.OfText([1])));
        }
        Assert.False(Add(Outbound.OfText([1])));
        Assert.True(Add(Frame()));
        Assert.True(Add(Outbound.End));
    }

    [Fact]
    public void TryAdd_ToAnIdleQueue_StartsTheSenderOnce()
    {
        Assert.True(_queue.IsIdle);
        _queue.TryAdd(Outbound.OfText([1]), out bool first);
        _queue.TryAdd(Outbound.OfText([2]), out bool second);
        Assert.Equal((true, false), (first, second));
        Assert.True(_queue.TryTake(out _));
        Assert.True(_queue.TryTake(out _));
        // It is still the one sender's until it has found nothing.
        _queue.TryAdd(Outbound.OfText([3]), out bool third);
        Assert.False(third);
        Assert.True(_queue.TryTake(out _));
        Assert.False(_queue.TryTake(out _));
        _queue.TryAdd(Outbound.OfText([4]), out bool fourth);
        Assert.True(fourth);
    }

    [Fact]
    public void Close_WithFramesWaiting_GivesThemBackAndRefuses()
    {
        PooledFrame frame = _pool.Rent(2000);
        frame.AddReference();
        _queue.TryAdd(Outbound.OfFrame(frame, null!, 0), out _);
        frame.Release();
        Assert.Equal(0, _pool.IdleBytes);
        _queue.Close();
        Assert.Equal(2048, _pool.IdleBytes);
        Assert.False(Add(Outbound.OfText([1])));
        Assert.False(_queue.TryTake(out _));
    }

    private bool Add(Outbound item) => _queue.TryAdd(item, out _);

    private Outbound Frame() => Outbound.OfFrame(_pool.Rent(10), null!, 0);
}
