using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Recording;

public sealed class HandleTests
{
    [Fact]
    public void CounterAdd_ANegativeCount_IsDroppedAndCounted()
    {
        using var recorder = new Recorder();
        CounterHandle counter = recorder.Registry.Counter("c", "", []);
        counter.Add(3);
        counter.Add(-1);
        counter.SetTotal(-5);
        Assert.Equal(3UL, counter.Total());
        recorder.Ledger(out long[] dropped);
        Assert.Equal(2, dropped[(int)DropReason.Negative]);
    }

    [Fact]
    public void CounterSetTotal_ASmallerTotal_IsAReset()
    {
        using var recorder = new Recorder();
        CounterHandle counter = recorder.Registry.Counter("c", "", []);
        counter.Add(10);
        counter.SetTotal(4);
        counter.Add(2);
        Assert.Equal(6UL, counter.Total());
    }

    [Fact]
    public async Task CounterAdd_FromManyThreads_CountsAll()
    {
        using var recorder = new Recorder();
        CounterHandle counter = recorder.Registry.Counter("c", "", []);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 100_000; i++)
            {
                counter.Add();
            }
        })));
        Assert.Equal(800_000UL, counter.Total());
    }

    [Fact]
    public void CounterSetTotal_AfterItsThreadHasAddedOften_IsTheTotal()
    {
        using var recorder = new Recorder();
        CounterHandle counter = recorder.Registry.Counter("c", "", []);
        for (int i = 0; i < 1000; i++)
        {
            counter.Add(2);
        }
        Assert.Equal(2000UL, counter.Total());
        counter.SetTotal(7);
        Assert.Equal(7UL, counter.Total());
        var other = new Thread(() => counter.Add(10));
        other.Start();
        other.Join();
        counter.Add(1);
        Assert.Equal(18UL, counter.Total());
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void HistogramRecord_ANonFiniteValue_IsDroppedAndCounted(double value)
    {
        using var recorder = new Recorder();
        HistogramHandle histogram = recorder.Registry.Histogram("h", "", []);
        histogram.Record(value);
        histogram.Record(1);
        recorder.Ledger(out long[] dropped);
        Assert.Equal(1, dropped[(int)DropReason.NotFinite]);
        var drained = new HistogramAccumulator();
        histogram.DrainTo(drained);
        Assert.Equal(1, drained.Count);
    }

    [Fact]
    public async Task HistogramRecord_WhileItIsDrained_LosesNoMeasurementAndTearsNone()
    {
        using var recorder = new Recorder();
        HistogramHandle histogram = recorder.Registry.Histogram("h", "", []);
        const int perThread = 100_000;
        Task[] writers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < perThread; i++)
            {
                histogram.Record(4);
            }
        }))];
        var total = new HistogramAccumulator();
        while (!writers.All(task => task.IsCompleted))
        {
            var drained = new HistogramAccumulator();
            histogram.DrainTo(drained);
            Assert.Equal(drained.Count * 4.0, drained.Sum);                 // count and sum are of the same measurements
            long[] counts = drained.Positive.Used(out _).ToArray();
            Assert.Equal(drained.Count, counts.Sum());
            total.Merge(drained);
        }
        await Task.WhenAll(writers);
        histogram.DrainTo(total);
        Assert.Equal(3 * perThread, total.Count);
        Assert.Equal(12.0 * perThread, total.Sum);
    }

    [Fact]
    public void HistogramDrain_WhileAStripeIsTaken_LeavesItForTheNextTime()
    {
        var stripe = new HistogramStripe();
        Assert.True(stripe.TryEnter());
        Assert.False(stripe.TryEnter());
        stripe.Exit();
        Assert.True(stripe.TryEnter());
    }

    [Fact]
    public void Handles_InSteadyState_AllocateNothing()
    {
        using var recorder = new Recorder(bufferSize: 65_536);
        CounterHandle counter = recorder.Registry.Counter("c", "", []);
        GaugeHandle gauge = recorder.Registry.Gauge("g", "", []);
        HistogramHandle histogram = recorder.Registry.Histogram("h", "", []);
        RequestTracker tracker = recorder.Standard.Tracker;
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                counter.Add(2);
                gauge.Set(i);
                histogram.Record(i % 977);
                using var request = new RequestScope(tracker);
                request.MarkError();
            }
        }));
    }

    [Fact]
    public void GaugeSet_BeyondTheBuffer_AllocatesNothing()
    {
        using var recorder = new Recorder(bufferSize: 16);
        GaugeHandle gauge = recorder.Registry.Gauge("g", "", []);
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                gauge.Set(i);
            }
        }));
    }

    [Fact]
    public void RequestScope_InAUsingBlock_CountsOnceWithItsError()
    {
        using var recorder = new Recorder();
        RequestTracker tracker = recorder.Standard.Tracker;
        using (var request = new RequestScope(tracker))
        {
            Assert.Equal(1, tracker.Inflight);
            recorder.Time.Advance(TimeSpan.FromMilliseconds(12));
            request.MarkError();
        }
        using (new RequestScope(tracker))
        {
            recorder.Time.Advance(TimeSpan.FromMilliseconds(3));
        }
        Assert.Equal((0L, 2UL, 1UL), (tracker.Inflight, tracker.Requests.Total(), tracker.Errors.Total()));
        var latencies = new HistogramAccumulator();
        tracker.Latency.DrainTo(latencies);
        Assert.Equal((2L, 3.0, 12.0, 15.0), (latencies.Count, latencies.Min, latencies.Max, latencies.Sum));
    }

    [Fact]
    public void RequestScope_CompletedAndDisposed_CountsOnce()
    {
        using var recorder = new Recorder();
        RequestTracker tracker = recorder.Standard.Tracker;
        var request = new RequestScope(tracker);
        request.Complete(TimeSpan.FromMilliseconds(250));
        request.Dispose();
        default(RequestScope).Dispose();
        Assert.Equal((0L, 1UL), (tracker.Inflight, tracker.Requests.Total()));
        var latencies = new HistogramAccumulator();
        tracker.Latency.DrainTo(latencies);
        Assert.Equal(250, latencies.Max);
    }
}
