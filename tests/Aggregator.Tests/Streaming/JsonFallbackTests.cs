using System.Text.Json;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class JsonFallbackTests
{
    private static long NowNs => TimeProvider.System.UnixNs();

    [Fact]
    public async Task Connect_WithoutSubprotocol_StreamsEverySeriesAsContracted()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:AutomaticSeriesMax=50");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series gauge = source.Add("rps", SeriesKind.Gauge, ("route", "/pay \"now\""));
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator, binary: false);
        JsonElement hello = await client.TextAsync("hello");
        Assert.Equal(50, hello.GetProperty("series_max").GetInt32());
        await client.SendTextAsync("""{"type":"ping","t":1}""");
        await client.TextAsync("pong");
        long timestampNs = NowNs;
        source.Append(gauge, timestampNs, 41.5);
        JsonElement message = await client.TextAsync("samples");
        Assert.False(message.TryGetProperty("id", out _));
        Assert.Equal(
            "{\"service\":\"checkout\",\"instance\":\"a-1\",\"name\":\"rps\",\"labels\":{\"route\":\"/pay \\\"now\\\"\"},\"timestamp_ns\":\"" + timestampNs + "\",\"value\":41.5}",
            Assert.Single(message.GetProperty("samples").EnumerateArray()).GetRawText());
    }

    [Fact]
    public async Task Samples_OfEveryKind_AreWrittenAsContracted()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series gauge = source.Add("g");
        Series counter = source.Add("c", SeriesKind.Counter);
        Series histogram = source.Add("h", SeriesKind.Histogram);
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator, binary: false);
        await client.SendTextAsync("""{"type":"ping","t":1}""");
        await client.TextAsync("pong");
        source.Append(gauge, NowNs, double.NaN);
        source.Append(gauge, NowNs, double.PositiveInfinity);
        source.Append(gauge, NowNs, double.NegativeInfinity);
        source.Append(counter, NowNs, 1UL << 53);
        source.Append(counter, NowNs, (1UL << 53) + 1);
        source.Append(histogram, NowNs, new HistogramSample { Count = 4, Sum = 10, Min = 1, Max = 4, Scale = 0, PositiveOffset = 0, PositiveCounts = [1, 3] });
        await client.UntilAsync(() => SamplesOf(client).Count == 6, "not every sample came");
        List<JsonElement> samples = SamplesOf(client);
        Assert.Equal(["\"NaN\"", "\"+Inf\"", "\"-Inf\""], samples.Where(sample => Name(sample) == "g").Select(sample => sample.GetProperty("value").GetRawText()));
        Assert.Equal(
            ["9007199254740992", "\"9007199254740993\""],
            samples.Where(sample => Name(sample) == "c").Select(sample => sample.GetProperty("value").GetRawText()));
        JsonElement h = Assert.Single(samples, sample => Name(sample) == "h");
        Assert.Equal((4, 10.0), (h.GetProperty("count").GetInt32(), h.GetProperty("sum").GetDouble()));
        Assert.False(h.TryGetProperty("value", out _));
        Assert.InRange(h.GetProperty("p50").GetDouble(), 2, 4);
        Assert.InRange(h.GetProperty("p99").GetDouble(), h.GetProperty("p95").GetDouble(), 4);
    }

    [Fact]
    public async Task Subscribe_EndsTheAutomaticSubscriptionAndNamesItsOwn()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series first = source.Add("first");
        Series second = source.Add("second");
        source.Append(first, NowNs, 1.0);
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator, binary: false);
        await client.SubscribeAsync(7, "first", backfillMs: 60_000);
        await client.SubscribeAsync(8, "{service=\"checkout\"}", rate: 30);
        await client.TextAsync("samples", text => text.TryGetProperty("backfill_end", out _) && text.GetProperty("id").GetInt32() == 7);
        source.Append(first, NowNs, 2.0);
        source.Append(second, NowNs, 3.0);
        await client.UntilAsync(() => SamplesOf(client, 7).Count == 2 && SamplesOf(client, 8).Count == 2, "the samples did not come to both");
        Assert.Equal([1.0, 2], SamplesOf(client, 7).Select(sample => sample.GetProperty("value").GetDouble()));
        Assert.Equal([2.0, 3], SamplesOf(client, 8).Select(sample => sample.GetProperty("value").GetDouble()));
        Assert.All(client.Texts.Where(text => LiveClient.TypeOf(text) == "samples"), text => Assert.True(text.TryGetProperty("id", out _)));
    }

    [Fact]
    public async Task AutomaticSubscription_PastItsLimit_LeavesOutAndSaysSo()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:AutomaticSeriesMax=2");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series[] series = source.AddMany(2);
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator, binary: false);
        await client.SendTextAsync("""{"type":"ping","t":1}""");
        await client.TextAsync("pong");
        Series third = source.Add("third");
        source.Append(third, NowNs, 9.0);
        source.AppendRow(NowNs, series[0], 1, 2);
        JsonElement error = await client.TextAsync("error");
        Assert.Contains("2 are the limit", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        await client.UntilAsync(() => SamplesOf(client).Count >= 2, "the samples did not come");
        Assert.Equal(["gauge_0", "gauge_1"], SamplesOf(client).Select(Name));
    }

    private static string Name(JsonElement sample) => sample.GetProperty("name").GetString()!;

    private static List<JsonElement> SamplesOf(LiveClient client, int? id = null) =>
        [.. client.Texts.Where(text => LiveClient.TypeOf(text) == "samples" && (id is null || text.GetProperty("id").GetInt32() == id))
            .SelectMany(text => text.GetProperty("samples").EnumerateArray())];
}
