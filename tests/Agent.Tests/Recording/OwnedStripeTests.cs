using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Recording;

public sealed class OwnedStripeTests
{
    [Fact]
    public void TryEnter_WhileAsked_IsFalseUntilDrained()
    {
        var stripe = new OwnedStripe(ownerThreadId: 1);
        Assert.True(stripe.TryEnter());
        stripe.Values.Add(3);
        stripe.Exit();
        stripe.Ask();
        Assert.False(stripe.TryEnter());
        var drained = new HistogramAccumulator();
        stripe.DrainTo(drained);
        Assert.Equal((1L, 3.0), (drained.Count, drained.Sum));
        Assert.Equal(0, stripe.Values.Count);
        Assert.True(stripe.TryEnter());
    }

    [Fact]
    public void DrainTo_WhileTheOwnerIsInside_LeavesItsValuesForTheNextTime()
    {
        var stripe = new OwnedStripe(ownerThreadId: 1);
        var drained = new HistogramAccumulator();
        Assert.True(stripe.TryEnter());
        stripe.Values.Add(3);
        stripe.Ask();
        stripe.DrainTo(drained);
        Assert.Equal(0, drained.Count);
        stripe.Exit();
        stripe.Ask();
        stripe.DrainTo(drained);
        Assert.Equal(1, drained.Count);
    }

    [Fact]
    public async Task DrainTo_WhileItsOwnerRecords_LosesAndInventsNothing()
    {
        const int records = 1_000_000;
        using var recorder = new Recorder();
        HistogramHandle histogram = recorder.Registry.Histogram("h", "", []);
        var drained = new HistogramAccumulator();
        Task recording = Task.Factory.StartNew(
            () =>
            {
                for (int i = 0; i < records; i++)
                {
                    histogram.Record(1 + (i & 1));
                }
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        while (!recording.IsCompleted)
        {
            histogram.DrainTo(drained);
        }
        await recording;
        histogram.DrainTo(drained);
        Assert.Equal((records, 1.5 * records, 1.0, 2.0), (drained.Count, drained.Sum, drained.Min, drained.Max));
    }

    [Fact]
    public void Push_OfHistogramsThatOneThreadRecordsOften_CarriesEveryMeasurementOnce()
    {
        using var recorder = new Recorder();
        HistogramHandle[] histograms = [.. Enumerable.Range(0, 3).Select(i => recorder.Registry.Histogram($"h{i}", "", []))];
        recorder.Taken();
        for (int round = 1; round <= 4; round++)
        {
            foreach (HistogramHandle histogram in histograms)
            {
                for (int i = 1; i <= 300; i++)
                {
                    histogram.Record(i * round);
                }
            }
            recorder.Push();
            var sent = recorder.Taken().SelectMany(batch => batch.Metrics).Where(metric => metric.Packed is not null).SelectMany(metric => metric.Packed.Histograms).ToList();
            Assert.Equal(3, sent.Count);
            Assert.All(sent, histogram =>
            {
                Assert.Equal(300UL, histogram.Count);
                Assert.Equal(45_150.0 * round, histogram.Sum);
                Assert.Equal((round, 300.0 * round), (histogram.Min, histogram.Max));
            });
        }
    }
}
