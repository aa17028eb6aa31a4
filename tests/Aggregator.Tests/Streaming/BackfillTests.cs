using System.Text.Json;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class BackfillTests
{
    private static long NowNs => TimeProvider.System.UnixNs();

    [Theory]
    [InlineData(60)]
    [InlineData(5)]
    public async Task Subscribe_WhileOthersWrite_NeitherRepeatsNorLosesASample(int rate)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:QueueFramesMax=256");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series series = source.Add("value");
        using var stop = new CancellationTokenSource();
        // Every sample is another whole number, so that a sum tells a lost or repeated one.
        Task<long> writing = Task.Run(async () =>
        {
            long written = 0;
            while (!stop.IsCancellationRequested)
            {
                source.Append(series, NowNs, (double)++written);
                if (written % 4 == 0)
                {
                    await Task.Yield();
                }
                if (written % 8 == 0)
                {
                    await Task.Delay(1);
                }
            }
            return written;
        });
        LiveClient[] clients = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => LiveClient.ConnectAsync(aggregator)));
        foreach (LiveClient client in clients)
        {
            await client.SubscribeAsync(1, "value", rate, backfillMs: 60_000);
        }
        await clients[^1].UntilAsync(() => clients.All(client => client.Frames.Count(frame => !frame.IsBackfill) > 5), "no live frames came");
        await stop.CancelAsync();
        long count = await writing;

        // The ring may have overwritten the oldest before a client came: the first one each has is where its own count begins.
        foreach (LiveClient client in clients)
        {
            await client.UntilAsync(() => LastValue(client) == count, "the last sample did not come");
            GroundTruth received = GroundTruth.Received(client.Frames, series.Id);
            Assert.Equal(0, client.Frames.Sum(frame => frame.OverwrittenCount));
            Assert.Equal(count, received.Max);
            Assert.Equal(count - (long)received.Min + 1, received.Count);
            Assert.Equal((received.Min + count) * received.Count / 2, received.Sum);
            Assert.DoesNotContain(client.Frames.SkipWhile(frame => !frame.IsBackfillEnd).Skip(1), frame => frame.IsBackfill);
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Subscribe_WithFromNs_ResumesExactlyThere()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series series = source.Add("value");
        long startNs = NowNs - (100 * TestSource.NsPerMs);
        for (int index = 0; index < 10; index++)
        {
            source.Append(series, startNs + index, (double)index);
        }
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        JsonElement subscribed = await client.SubscribeAsync(1, "value", fromNs: startNs + 4);
        await client.UntilAsync(() => client.Frames.Any(frame => frame.IsBackfillEnd), "the backfill did not end");
        Assert.Equal($"{startNs + 4}", subscribed.GetProperty("from_ns").GetString());
        Assert.Equal([4.0, 5, 6, 7, 8, 9], client.Frames.SelectMany(frame => frame.Gauges).SelectMany(gauge => gauge.Values));
        Assert.All(client.Frames, frame => Assert.Empty(frame.Stamps));
    }

    [Fact]
    public async Task Subscribe_AtASlowRate_BackfillsConflatedRowsThatKeepTheSpike()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series gauge = source.Add("value");
        Series counter = source.Add("total", SeriesKind.Counter);
        var truth = new GroundTruth();
        long startNs = (NowNs / 1_000_000_000 * 1_000_000_000) - 4_000_000_000;
        for (int index = 0; index < 150; index++)
        {
            double value = index == 77 ? 1e6 : index % 10;
            truth.Add(value);
            source.Append(gauge, startNs + (index * 20 * TestSource.NsPerMs), value);
            source.Append(counter, startNs + (index * 20 * TestSource.NsPerMs), (ulong)(100 + (2 * index)));
        }
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "{service=\"checkout\"}", rate: 5, backfillMs: 60_000);
        await client.UntilAsync(() => client.Frames.Any(frame => frame.IsBackfillEnd), "the backfill did not end");
        // 200 ms at 50 Hz are ten samples a row.
        Assert.Equal(15, client.Frames.SelectMany(frame => frame.Conflated).Count(row => row.Series == gauge.Id));
        Assert.Equal($"{truth}", $"{GroundTruth.Received(client.Frames, gauge.Id)}");
        DecodedFrame.ConflatedSample[] totals = [.. client.Frames.SelectMany(frame => frame.Conflated).Where(row => row.Series == counter.Id)];
        Assert.Equal(2 * 149, totals.Sum(row => row.Sum));
        Assert.Equal(100 + (2 * 149), totals[^1].Last);
    }

    [Fact]
    public async Task Subscribe_AgainWithOlderHistory_AddsOnlyWhatIsOlder()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series series = source.Add("value");
        long startNs = NowNs - (1000 * TestSource.NsPerMs);
        for (int index = 0; index < 20; index++)
        {
            source.Append(series, startNs + index, (double)index);
        }
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "value", fromNs: startNs + 15);
        source.Append(series, startNs + 20, 20.0);
        await client.UntilAsync(() => client.Frames.Sum(frame => frame.SampleCount) == 6, "the first samples did not come");
        await client.SubscribeAsync(2, "{__name__=\"value\",service=\"checkout\"}", fromNs: startNs + 5);
        await client.UntilAsync(() => client.Frames.Count(frame => frame.IsBackfillEnd) == 2, "the second backfill did not end");
        source.Append(series, startNs + 21, 21.0);
        await client.UntilAsync(() => client.Frames.Sum(frame => frame.SampleCount) >= 17, "the last sample did not come");
        double[] values = [.. client.Frames.SelectMany(frame => frame.Gauges).SelectMany(gauge => gauge.Values)];
        Assert.Equal([15, 16, 17, 18, 19, 20, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 21], values);
    }

    [Fact]
    public async Task Subscribe_WithMoreHistoryThanOneFrame_CutsItInOrder()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:BackfillFrameBytes=4096");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series[] series = source.AddMany(3);
        long startNs = NowNs - (10_000 * TestSource.NsPerMs);
        for (int index = 0; index < 1000; index++)
        {
            source.AppendRow(startNs + (index * 10 * TestSource.NsPerMs), series[0], index, 2 * index, 3 * index);
        }
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "{service=\"checkout\"}", backfillMs: 60_000);
        await client.UntilAsync(() => client.Frames.Any(frame => frame.IsBackfillEnd), "the backfill did not end");
        Assert.True(client.Frames.Count > 2);
        for (int factor = 1; factor <= 3; factor++)
        {
            IEnumerable<double> values = client.Frames.SelectMany(frame => frame.Gauges)
                .Where(gauge => gauge.Series == series[factor - 1].Id).SelectMany(gauge => gauge.Values);
            Assert.Equal(Enumerable.Range(0, 1000).Select(index => (double)(factor * index)), values);
        }
    }

    [Fact]
    public async Task Subscribe_WithHistograms_BackfillsThemAddedUpByPeriod()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series series = source.Add("latency", SeriesKind.Histogram);
        long startNs = (NowNs / 1_000_000_000 * 1_000_000_000) - 2_000_000_000;
        for (int index = 0; index < 100; index++)
        {
            source.Append(series, startNs + (index * 20 * TestSource.NsPerMs), new HistogramSample
            {
                Count = 3, Sum = 5, Min = 1, Max = 3, Scale = 2 + (index % 2), PositiveOffset = 4, PositiveCounts = [1, 2],
            });
        }
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "latency", rate: 5, backfillMs: 60_000);
        await client.UntilAsync(() => client.Frames.Any(frame => frame.IsBackfillEnd), "the backfill did not end");
        DecodedFrame.Histogram[] rows = [.. client.Frames.SelectMany(frame => frame.Histograms)];
        Assert.Equal(10, rows.Length);
        Assert.All(rows, row => Assert.Equal((30.0, 50.0, 2, 1.0, 3.0), (row.Count, row.Sum, row.Scale, row.Min, row.Max)));
        // Scale 3's buckets 4 and 5 are scale 2's bucket 2.
        Assert.All(rows, row => Assert.Equal((2, "15,0,5,10"), (row.PositiveOffset, string.Join(',', row.Positive))));
    }

    private static double LastValue(LiveClient client)
    {
        DecodedFrame? frame = client.Frames.LastOrDefault(one => one.SampleCount > 0);
        return frame is null ? double.NaN : frame.Gauges.SelectMany(gauge => gauge.Values).Concat(frame.Conflated.Select(row => row.Last)).Max();
    }
}
