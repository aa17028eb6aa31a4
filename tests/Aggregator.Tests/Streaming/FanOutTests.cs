using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming;
using Observability.Aggregator.Streaming.Frames;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class FanOutTests
{
    private const int ClientCount = 100;
    private const int SeriesCount = 20;
    private const int RowCount = 150;
    private static readonly int[] Rates = [60, 15, 5];

    [Fact]
    public async Task Emit_WithHundredClientsInThreeClasses_EncodesThriceATickAndLosesNothing()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:QueueFramesMax=256");
        var store = aggregator.Get<TelemetryStore>();
        var source = new TestSource(store);
        Series[] series = source.AddMany(SeriesCount);
        LiveClient[] clients = await Task.WhenAll(Enumerable.Range(0, ClientCount).Select(_ => LiveClient.ConnectAsync(aggregator)));
        await Task.WhenAll(clients.Select((client, index) => client.SubscribeAsync(1, "{service=\"checkout\"}", Rates[index % Rates.Length])));

        GroundTruth[] truths = await WriteAsync(source, series);
        await Task.WhenAll(clients.Select(client => client.UntilAsync(
            () => client.Frames.Sum(frame => frame.SampleCount) >= (long)RowCount * SeriesCount, "not every sample came")));

        var counters = aggregator.Get<StreamingCounters>();
        foreach (int rate in Rates)
        {
            RateClass rateClass = RateClass.OfHz(rate)!;
            long[] ticks = [.. clients.Where((_, index) => Rates[index % Rates.Length] == rate)
                .SelectMany(client => client.Frames.Where(frame => !frame.IsBackfill)).Select(frame => (long)frame.Tick).Distinct()];
            // As many encodings as there were distinct frames in the class, however many clients shared them.
            Assert.Equal(ticks.Length, counters.EncodesOf(rateClass));
        }
        Assert.Equal(counters.Encodes, Rates.Sum(rate => counters.EncodesOf(RateClass.OfHz(rate)!)));
        Assert.True(counters.EncodesOf(RateClass.OfHz(5)!) < counters.EncodesOf(RateClass.OfHz(60)!));
        foreach (LiveClient client in clients)
        {
            for (int index = 0; index < SeriesCount; index++)
            {
                Assert.Equal($"{truths[index]}", $"{GroundTruth.Received(client.Frames, series[index].Id)}");
            }
        }
        foreach (LiveClient client in clients)
        {
            await client.DisposeAsync();
        }
    }

    /// <summary>A row every few milliseconds; whole numbers, so that sums are exact in any order.</summary>
    private static async Task<GroundTruth[]> WriteAsync(TestSource source, Series[] series)
    {
        var random = new Random(7);
        GroundTruth[] truths = [.. series.Select(_ => new GroundTruth())];
        double[] values = new double[series.Length];
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(8));
        for (int row = 0; row < RowCount; row++)
        {
            for (int index = 0; index < values.Length; index++)
            {
                values[index] = random.Next(-1_000_000, 1_000_000);
                truths[index].Add(values[index]);
            }
            source.AppendRow(TimeProvider.System.UnixNs(), series[0], values);
            await pace.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
        return truths;
    }
}
