using System.Net;
using System.Text.Json;
using Grpc.Core;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Histograms;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Query;

/// <summary>Histograms that say less than all, or each something else, from the wire to the answer.</summary>
public sealed class MergedHistogramTests
{
    private const long Second = 1_000_000_000;
    private static readonly long AtNs = (TimeProvider.System.UnixNs() / Second * Second) - (10 * Second);

    [Fact]
    public async Task Quantile_OfBucketsWithoutExtremes_LiesInTheFilledBucket()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        await SendAsync(aggregator, "a", "ms", new Histogram { Count = 10, Sum = 7500, ExplicitBounds = { 100, 500, 1000 }, ExplicitCounts = { 0, 0, 10, 0 } });
        JsonElement raw = (await AskAsync(aggregator, $"from={AtNs}&to={AtNs}")).GetProperty("series")[0];
        Assert.Equal([750.0, 1000, 1000], new[] { "p50", "p95", "p99" }.Select(name => raw.GetProperty(name)[0].GetDouble()));
        Assert.Equal(["NaN", "NaN"], new[] { "min", "max" }.Select(name => raw.GetProperty(name)[0].GetString()));
    }

    [Fact]
    public async Task Merge_OfDifferentLayouts_DropsNoPartAndSaysWhatItCouldNotAdd()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        await SendAsync(aggregator, "a", "ms", new Histogram { Count = 3, Sum = 12, Min = 1, Max = 9, ExplicitBounds = { 1, 5, 10 }, ExplicitCounts = { 1, 1, 1, 0 } });
        await SendAsync(aggregator, "c", "ms", new Histogram { Count = 1, Sum = 800, Min = 800, Max = 800, Scale = 3, PositiveOffset = 77, PositiveCounts = { 1 } });
        async Task<double> OneAsync(string aggregation) =>
            (await AskAsync(aggregator, $"{Step}&merge=true&aggregation={aggregation}")).GetProperty("series")[0].GetProperty("values")[0].GetDouble();
        Assert.Equal((4, 812, 800, 1), (await OneAsync("count"), await OneAsync("sum"), await OneAsync("max"), await OneAsync("min")));
        Assert.Equal(800, await OneAsync("quantile&quantile=0.99"));
        Assert.InRange(await OneAsync("quantile&quantile=0.5"), 1, 5);
        JsonElement answer = (await AskAsync(aggregator, $"{Step}&merge=true&buckets=true")).GetProperty("series")[0];
        Assert.Equal(1, answer.GetProperty("bounds_differ").GetInt32());
        Assert.Contains("could not be added", answer.GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.Equal([1, 1, 1, 0], answer.GetProperty("buckets")[0].GetProperty("counts").EnumerateArray().Select(count => count.GetInt32()));
    }

    [Fact]
    public async Task Merge_OfSecondsAndMilliseconds_ConvertsThem()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        await SendAsync(aggregator, "a", "ms", new Histogram { Count = 2, Sum = 600, Min = 200, Max = 400, ExplicitBounds = { 250, 500 }, ExplicitCounts = { 1, 1, 0 } });
        await SendAsync(aggregator, "b", "s", new Histogram { Count = 1, Sum = 0.5, Min = 0.5, Max = 0.5, ExplicitBounds = { 0.25, 0.5 }, ExplicitCounts = { 0, 1, 0 } });
        JsonElement answer = (await AskAsync(aggregator, $"{Step}&merge=true&aggregation=sum")).GetProperty("series")[0];
        Assert.Equal((1100, "ms"), (answer.GetProperty("values")[0].GetDouble(), answer.GetProperty("unit").GetString()));
        JsonElement max = (await AskAsync(aggregator, $"{Step}&merge=true&aggregation=quantile&quantile=1")).GetProperty("series")[0];
        Assert.Equal(500, max.GetProperty("values")[0].GetDouble());
        Assert.False(max.TryGetProperty("bounds_differ", out _));
    }

    [Theory]
    [InlineData("By", "is in 'By'")]
    [InlineData("", "has no unit")]
    public async Task Merge_OfUnitsThatAreNoTimes_IsRefusedNamingThem(string unit, string told)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        await SendAsync(aggregator, "a", "ms", new Histogram { Count = 1, Sum = 1 });
        await SendAsync(aggregator, "b", unit, new Histogram { Count = 1, Sum = 1 });
        using HttpResponseMessage refused = await aggregator.Web.GetAsync($"/api/samples?selector=size&{Step}&merge=true", TestContext.Current.CancellationToken);
        string body = await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("is in 'ms'", JsonDocument.Parse(body).RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains(told, JsonDocument.Parse(body).RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public async Task Histogram_WhoseSumIsNoNumber_IsRefusedAndCounted(double sum)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using var client = new TelemetryClient(new Uri($"http://127.0.0.1:{aggregator.GrpcPort}"));
        using TelemetryCall call = client.Open("StreamTelemetry", TestContext.Current.CancellationToken);
        var metric = new Metric { Name = "size", Samples = { new MetricSample { TimestampNs = (ulong)AtNs, Histogram = new Histogram { Count = 1, Sum = sum } } } };
        await call.WriteAsync(new TelemetryBatch { Service = "checkout", Instance = "a", Metrics = { metric } });
        await call.CompleteAsync();
        Ack ack = await call.ReadAsync();
        Assert.Equal((0UL, 1UL), (ack.Received, ack.Rejected));
        Assert.Contains("sum finite", ack.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantile_OverLayouts_IsThatOfTheSameMeasurementsInOneLayout()
    {
        var random = new Random(29);
        double[] values = [.. Enumerable.Range(0, 4000).Select(_ => Math.Exp(6 * random.NextDouble()) * (random.Next(10) == 0 ? -1 : 1))];
        var merged = new MergedHistogram();
        double[] bounds = [.. Enumerable.Range(-60, 121).Select(i => i * 7.0)];
        foreach (double value in values)
        {
            int index = (int)Math.Ceiling(Math.Log2(Math.Abs(value)) * 32) - 1;
            var row = new HistogramRow { Count = 1, Sum = value, Min = value, Max = value, Scale = 5, PositiveOffset = index, NegativeOffset = index };
            if (random.Next(2) == 0)
            {
                merged.AddExponential(row, value > 0 ? [1] : [], value > 0 ? [] : [1]);
                continue;
            }
            ulong[] counts = new ulong[bounds.Length + 1];
            counts[bounds.Count(bound => bound < value)] = 1;
            merged.Add(row, bounds, counts);
        }
        Array.Sort(values);
        double former = double.NegativeInfinity;
        for (double q = 0.001; q < 1; q += 0.007)
        {
            double exact = values[(int)Math.Ceiling(q * values.Length) - 1];
            double found = merged.Quantile(q);
            Assert.True(found >= former, $"q = {q} is {found}, less than {former}");
            Assert.InRange(found, exact - 7 - (0.03 * Math.Abs(exact)), exact + 7 + (0.03 * Math.Abs(exact)));
            former = found;
        }
        Assert.Equal(values[^1], merged.Quantile(1));
    }

    private static string Step => $"from={AtNs}&to={AtNs + Second}&step=1s";

    private static async Task SendAsync(RunningAggregator aggregator, string instance, string unit, Histogram histogram)
    {
        using var client = new TelemetryClient(new Uri($"http://127.0.0.1:{aggregator.GrpcPort}"));
        using TelemetryCall call = client.Open("StreamTelemetry", TestContext.Current.CancellationToken);
        var metric = new Metric { Name = "size", Unit = unit, Samples = { new MetricSample { TimestampNs = (ulong)AtNs, Histogram = histogram } } };
        await call.WriteAsync(new TelemetryBatch { Service = "checkout", Instance = instance, Metrics = { metric } });
        await call.CompleteAsync();
        Assert.Equal(1UL, (await call.ReadAsync()).Received);
        Assert.Equal(StatusCode.OK, (await call.EndAsync()).StatusCode);
    }

    private static async Task<JsonElement> AskAsync(RunningAggregator aggregator, string query) =>
        JsonDocument.Parse(await aggregator.Web.GetStringAsync($"/api/samples?selector=size&{query}", TestContext.Current.CancellationToken)).RootElement;
}
