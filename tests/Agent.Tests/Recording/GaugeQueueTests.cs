using System.Runtime.InteropServices;
using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Recording;

public sealed class GaugeQueueTests
{
    [Fact]
    public void TryWrite_AtCapacity_RefusesTheNextAndTakesAgainAfterARead()
    {
        var queue = new GaugeQueue(8);
        for (int i = 0; i < 8; i++)
        {
            Assert.True(queue.TryWrite(1, i, i));
        }
        Assert.False(queue.TryWrite(1, 8, 8));
        Assert.True(queue.TryRead(out GaugeSample first));
        Assert.Equal(new GaugeSample(1, 0, 0), first);
        Assert.True(queue.TryWrite(1, 9, 9));
        Assert.False(queue.TryWrite(1, 10, 10));
    }

    [Fact]
    public void TryRead_WhenEmpty_IsFalse()
    {
        var queue = new GaugeQueue(4);
        Assert.False(queue.TryRead(out _));
        queue.TryWrite(2, 5, 1.5);
        Assert.True(queue.TryRead(out _));
        Assert.False(queue.TryRead(out _));
    }

    [Fact]
    public async Task TryWrite_FromSeveralThreads_LosesAndRepeatsNothing()
    {
        const int writers = 4;
        const int perWriter = 50_000;
        var queue = new GaugeQueue(256);
        long refused = 0;
        Task[] tasks = [.. Enumerable.Range(1, writers).Select(writer => Task.Run(() =>
        {
            for (int i = 0; i < perWriter; i++)
            {
                while (!queue.TryWrite(writer, i, writer * 1e6 + i))
                {
                    Interlocked.Increment(ref refused);
                    Thread.Yield();
                }
            }
        }))];
        var next = new long[writers + 1];
        long read = 0;
        while (read < writers * perWriter)
        {
            if (!queue.TryRead(out GaugeSample sample))
            {
                Assert.True(read < queue.WrittenCount || !tasks.All(task => task.IsCompleted));
                Thread.Yield();
                continue;
            }
            Assert.Equal(next[sample.SeriesRef]++, sample.TimestampNs);        // in each writer's own order
            Assert.Equal((sample.SeriesRef * 1e6) + sample.TimestampNs, sample.Value);
            read++;
        }
        await Task.WhenAll(tasks);
        Assert.False(queue.TryRead(out _));
        Assert.Equal(writers * perWriter, queue.WrittenCount);
    }

    [Fact]
    public void Cursors_OfWritersAndReader_AreFarApart()
    {
        Assert.Equal(384, Marshal.SizeOf<QueueCursors>());
        Assert.InRange(
            Marshal.OffsetOf<QueueCursors>(nameof(QueueCursors.Head)) - Marshal.OffsetOf<QueueCursors>(nameof(QueueCursors.Tail)), 128, 256);
    }
}
