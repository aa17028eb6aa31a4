using System.Diagnostics;
using Observability.Agent.Batching;
using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Batching;

public sealed class LedgerBookTests
{
    [Fact]
    public void Read_WithSamplesBuffered_CountsThemAsRecordedAndPending()
    {
        using var recorder = new Recorder();
        GaugeHandle gauge = recorder.Registry.Gauge("g", "", []);
        gauge.Set(1);
        gauge.Set(2);
        LedgerTotals before = recorder.Ledger(out _);
        Assert.Equal((2L, 2L), (before.Recorded, before.Pending));
        recorder.Push();
        LedgerTotals after = recorder.Ledger(out _);
        Assert.Equal((2L + 5, 2L + 5), (after.Recorded, after.Pending));      // and rps, error_rate, inflight and two totals
    }

    [Fact]
    public void Read_AfterTheEnd_CountsWhatIsLeftInTheBufferAsDropped()
    {
        using var recorder = new Recorder(bufferSize: 16);
        GaugeHandle gauge = recorder.Registry.Gauge("g", "", []);
        recorder.Context.Life.Stop();
        for (int i = 0; i < 20; i++)
        {
            gauge.Set(i);
        }
        LedgerTotals totals = recorder.Ledger(out long[] dropped);
        Assert.Equal((20L, 0L, 20L), (totals.Recorded, totals.Pending, dropped[(int)DropReason.Stopped]));
    }

    [Fact]
    public async Task Read_WhileThreadsRecordPushSendAndAcknowledge_AlwaysBalances()
    {
        using var recorder = new Recorder(bufferSize: 256, seriesMax: 20, bytesMax: 65_536);
        using var stop = new CancellationTokenSource();
        Task[] writers = [.. Enumerable.Range(0, 2).Select(thread => Task.Run(() =>
        {
            GaugeHandle gauge = recorder.Registry.Gauge("g", "", [("thread", $"{thread}")]);
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                gauge.Set(i);
                recorder.Registry.Counter("c", "", [("n", $"{i % 40}")]).Add(1);
                recorder.Standard.Tracker.Record(i % 100, isError: false);
            }
        }))];
        Task pushes = Task.Run(() =>
        {
            var random = new Random(1);
            ulong cursor = 0;
            using var writer = new ProtoWriter();
            while (!stop.IsCancellationRequested)
            {
                recorder.Push();
                writer.Clear();
                recorder.Log.TryCopyPending(ref cursor, writer, out _);
                if (random.Next(3) == 0)
                {
                    recorder.Log.Acknowledge(cursor, random.Next(2), 1);
                }
            }
        }, TestContext.Current.CancellationToken);
        long recorded = 0;
        var deadline = Stopwatch.StartNew();
        for (int i = 0; (i < 3000 || recorded < 100_000) && deadline.Elapsed < TimeSpan.FromSeconds(30); i++)
        {
            LedgerTotals totals = recorder.Ledger(out _);
            Assert.Equal(totals.Recorded, totals.Log.Acknowledged + totals.Dropped + totals.Pending);
            Assert.InRange(totals.Pending, 0, totals.Recorded);
            Assert.InRange(totals.Recorded, recorded, long.MaxValue);
            recorded = totals.Recorded;
        }
        await stop.CancelAsync();
        await Task.WhenAll([.. writers, pushes]);
        Assert.InRange(recorded, 100_000, long.MaxValue);
    }
}
