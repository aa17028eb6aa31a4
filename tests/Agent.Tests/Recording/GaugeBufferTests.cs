using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Recording;

public sealed class GaugeBufferTests
{
    private const int AttemptsMax = 50;

    private GaugeSample[] _taken = new GaugeSample[16];

    [Fact]
    public void Set_OftenByOneThread_GoesThroughALaneInOrderAndLosesNothing()
    {
        using var recorder = new Recorder(bufferSize: 1024);
        GaugeHandle gauge = recorder.Registry.Gauge("g", "", []);
        double next = 0;
        for (int round = 0; round < 20; round++)
        {
            for (int i = 0; i < 100; i++)
            {
                gauge.Set((round * 100) + i);
            }
            foreach (double value in Take(recorder))
            {
                Assert.Equal(next++, value);
            }
        }
        Assert.Equal(2000, next);
        Assert.True(recorder.Context.Gauges.Queue.WrittenCount < 400, "Most sets should not have passed the queue.");
        Assert.Equal(2000, recorder.Context.Gauges.WrittenCount);
    }

    [Fact]
    public void Set_WhenTheLaneIsFull_MergesTheRest()
    {
        using var recorder = new Recorder(bufferSize: 64);
        GaugeHandle gauge = recorder.Registry.Gauge("g", "", []);
        IntoLane(recorder, gauge);
        for (int i = 0; i < 70; i++)
        {
            gauge.Set(i);
        }
        Assert.True(gauge.TryTakeMerged(out GaugeAggregate merged));
        Assert.Equal((6L, 64.0, 69.0), (merged.Count, merged.Min, merged.Last));
        Assert.Equal(64, Take(recorder).Count);
    }

    [Fact]
    public void Set_ByAnotherThread_StandsBehindWhatTheLaneHolds()
    {
        using var recorder = new Recorder(bufferSize: 1024);
        GaugeHandle gauge = recorder.Registry.Gauge("g", "", []);
        IntoLane(recorder, gauge);
        gauge.Set(1);
        OnThread(() => gauge.Set(2));
        gauge.Set(3);
        Assert.Equal([1, 2, 3], Take(recorder));
    }

    [Fact]
    public void Set_ByMoreThreadsThanLanes_KeepsEverySample()
    {
        using var recorder = new Recorder(bufferSize: 4096);
        GaugeHandle[] gauges = [.. Enumerable.Range(0, GaugeBuffer.LanesMax + 3).Select(i => recorder.Registry.Gauge($"g{i}", "", []))];
        using var ready = new Barrier(gauges.Length);
        Thread[] threads = [.. gauges.Select(gauge => new Thread(() =>
        {
            ready.SignalAndWait();                  // all alive at once: each has an id of its own
            for (int i = 0; i < 500; i++)
            {
                gauge.Set(i);
            }
            ready.SignalAndWait();
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(500 * gauges.Length, Take(recorder).Count);
    }

    /// <summary>Threads that set one gauge under a lock agree on its order, and so must what is sent, wherever each sample waited.</summary>
    [Fact]
    public async Task Set_ByThreadsThatTakeTurnsUnderALock_KeepsTheirOrder()
    {
        // A busy machine may keep the reader away for so long that the queue is never empty, and no lane worth it.
        for (int attempt = 0; !await KeepsOrderInALaneAsync(); attempt++)
        {
            Assert.True(attempt < AttemptsMax, "A lane was never used: the test shows nothing.");
        }
    }

    /// <summary>False: none of the samples waited in a lane.</summary>
    private async Task<bool> KeepsOrderInALaneAsync()
    {
        const int perThread = 60_000;
        var buffer = new GaugeBuffer(1 << 18);
        using var recorder = new Recorder();
        var context = new RecordingContext(buffer, recorder.Clock, recorder.Context.Drops, recorder.Context.Life);
        var gauge = new GaugeHandle(SeriesIdentity.Create("g", []), 1, context, null);
        var turns = new Lock();
        double value = 0;
        Task[] tasks = [.. Enumerable.Range(0, 3).Select(task => Task.Run(() =>
        {
            for (int i = 0; i < perThread;)
            {
                lock (turns)
                {
                    int run = Math.Min(perThread - i, 600 * (1 + task));      // long runs, so that lanes are worth it; short enough to change hands
                    for (; run > 0; run--, i++)
                    {
                        gauge.Set(value++);
                    }
                }
                Thread.Yield();
            }
        }))];
        Task all = Task.WhenAll(tasks);
        double next = 0;
        for (bool isLast = false; !isLast;)
        {
            isLast = all.IsCompleted;
            int count = buffer.Take(ref _taken);
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(next++, _taken[i].Value);
            }
        }
        await all;
        Assert.Equal(3 * perThread, next);
        return buffer.Queue.WrittenCount < buffer.WrittenCount;
    }

    [Fact]
    public void Set_InALane_AllocatesNothing()
    {
        using var recorder = new Recorder(bufferSize: 65_536);
        GaugeHandle gauge = recorder.Registry.Gauge("g", "", []);
        IntoLane(recorder, gauge);
        long inQueue = recorder.Context.Gauges.Queue.WrittenCount;
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                gauge.Set(i);
            }
        }));
        Assert.Equal(inQueue, recorder.Context.Gauges.Queue.WrittenCount);
    }

    private static void OnThread(ThreadStart act)
    {
        var thread = new Thread(act);
        thread.Start();
        thread.Join();
    }

    private void IntoLane(Recorder recorder, GaugeHandle gauge)
    {
        for (int i = 0; i <= InstrumentHandle.RecordsBeforeOwner; i++)
        {
            gauge.Set(i);
            Take(recorder);
        }
    }

    private List<double> Take(Recorder recorder)
    {
        int count = recorder.Context.Gauges.Take(ref _taken);
        return [.. _taken.Take(count).Select(sample => sample.Value)];
    }
}
