using System.Net;
using System.Text.Json;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Rings;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;
using Observability.Aggregator.Tests.Streaming;

namespace Observability.Aggregator.Tests.Query;

public sealed class QueryApiTests
{
    private const long Second = 1_000_000_000;
    private static readonly long NowNs = TimeProvider.System.UnixNs();
    private static readonly long StartNs = (NowNs / Second * Second) - (10 * Second);

    [Fact]
    public async Task Series_BySelector_ListsThemAndTellsHowManyMatch()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series[] series = source.AddMany(5);
        source.Add("other", SeriesKind.Counter, ("route", "/pay"));
        source.AppendRow(TimeProvider.System.UnixNs(), series[0], 1, 2, 3, 4, 5);
        JsonElement all = await GetAsync(aggregator, "/api/series");
        Assert.Equal(6, all.GetProperty("total").GetInt32());
        JsonElement some = await GetAsync(aggregator, "/api/series?limit=2&selector=" + Uri.EscapeDataString("{__name__=~\"gauge_.*\"}"));
        Assert.Equal(5, some.GetProperty("total").GetInt32());
        Assert.Equal(["gauge_0", "gauge_1"], some.GetProperty("series").EnumerateArray().Select(one => one.GetProperty("name").GetString()));
        JsonElement pay = (await GetAsync(aggregator, "/api/series?selector=" + Uri.EscapeDataString("{route=\"/pay\"}"))).GetProperty("series")[0];
        Assert.Equal(("counter", "ms", "/pay", true), (
            pay.GetProperty("kind").GetString(), pay.GetProperty("unit").GetString(),
            pay.GetProperty("labels").GetProperty("route").GetString(), pay.GetProperty("stale").GetBoolean()));
        Assert.False(some.GetProperty("series")[0].GetProperty("stale").GetBoolean());
    }

    [Fact]
    public async Task Services_WithSeveralInstances_GroupsThem()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var store = aggregator.Get<TelemetryStore>();
        var first = new TestSource(store, "checkout", "b");
        first.Append(first.Add("rps"), TimeProvider.System.UnixNs(), 1.0);
        var second = new TestSource(store, "checkout", "a");
        second.Append(second.Add("rps"), TimeProvider.System.UnixNs() - (60 * Second), 1.0);
        _ = new TestSource(store, "auth", "x");
        JsonElement services = (await GetAsync(aggregator, "/api/services")).GetProperty("services");
        Assert.Equal(["auth", "checkout"], services.EnumerateArray().Select(one => one.GetProperty("name").GetString()));
        JsonElement checkout = services[1];
        Assert.Equal((2, 1), (checkout.GetProperty("series").GetInt32(), checkout.GetProperty("live").GetInt32()));
        Assert.Equal(["a:True", "b:False"], checkout.GetProperty("instances").EnumerateArray()
            .Select(one => $"{one.GetProperty("name").GetString()}:{one.GetProperty("stale").GetBoolean()}"));
    }

    [Fact]
    public async Task Samples_Raw_AreThoseOfTheRangeInclusive()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series gauge = source.Add("value");
        Series counter = source.Add("total", SeriesKind.Counter);
        for (int index = 0; index < 10; index++)
        {
            source.Append(gauge, StartNs + index, index == 5 ? double.NaN : index);
            source.Append(counter, StartNs + index, (1UL << 53) + (ulong)index);
        }
        JsonElement answer = await SamplesAsync(aggregator, "{service=\"checkout\"}", $"from={StartNs + 3}&to={StartNs + 5}");
        JsonElement[] series = [.. answer.GetProperty("series").EnumerateArray()];
        Assert.Equal([$"{StartNs + 3}", $"{StartNs + 4}", $"{StartNs + 5}"], series[0].GetProperty("timestamps_ns").EnumerateArray().Select(time => time.GetString()!));
        Assert.Equal(["3", "4", "\"NaN\""], series[0].GetProperty("values").EnumerateArray().Select(value => value.GetRawText()));
        Assert.Equal("\"9007199254740995\"", series[1].GetProperty("values")[0].GetRawText());
        Assert.False(answer.GetProperty("truncated").GetBoolean());
        Assert.Equal(0, series[0].GetProperty("overwritten").GetInt64());
    }

    [Theory]
    [InlineData("value", "avg", new[] { 2.0, 7 })]
    [InlineData("value", "min", new[] { 0.0, 5 })]
    [InlineData("value", "max", new[] { 4.0, 9 })]
    [InlineData("value", "sum", new[] { 10.0, 35 })]
    [InlineData("value", "count", new[] { 5.0, 5 })]
    [InlineData("value", "first", new[] { 0.0, 5 })]
    [InlineData("value", "last", new[] { 4.0, 9 })]
    [InlineData("total", "increase", new[] { 40.0, 50 })]
    [InlineData("total", "rate", new[] { 40.0, 50 })]
    [InlineData("total", "", new[] { 40.0, 50 })]
    [InlineData("value", "", new[] { 2.0, 7 })]
    public async Task Samples_WithStep_AreAggregated(string name, string aggregation, double[] expected)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series gauge = source.Add("value");
        Series counter = source.Add("total", SeriesKind.Counter);
        for (int index = 0; index < 10; index++)
        {
            // The second after these two stays empty and has no value.
            source.Append(gauge, StartNs + (index * Second / 5), (double)index);
            source.Append(counter, StartNs + (index * Second / 5), (ulong)(10 * index));
        }
        string query = $"from={StartNs}&to={StartNs + (3 * Second)}&step=1s" + (aggregation.Length > 0 ? $"&aggregation={aggregation}" : "");
        JsonElement series = (await SamplesAsync(aggregator, name, query)).GetProperty("series")[0];
        Assert.Equal([$"{StartNs}", $"{StartNs + Second}"], series.GetProperty("timestamps_ns").EnumerateArray().Select(time => time.GetString()!));
        Assert.Equal(expected, series.GetProperty("values").EnumerateArray().Select(value => value.GetDouble()));
    }

    [Fact]
    public async Task Samples_OfACounterBetweenTwoSteps_CountTheIncreaseFromTheSampleBefore()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series counter = source.Add("total", SeriesKind.Counter);
        foreach ((long offsetNs, ulong total) in new[] { (-(Second / 2), 100UL), (Second / 4, 130UL), (Second / 2, 7UL), (5 * Second / 4, 9UL) })
        {
            source.Append(counter, StartNs + offsetNs, total);
        }
        JsonElement series = (await SamplesAsync(aggregator, "total", $"from={StartNs}&to={StartNs + (2 * Second)}&step=1s&aggregation=increase")).GetProperty("series")[0];
        Assert.Equal([37.0, 2], series.GetProperty("values").EnumerateArray().Select(value => value.GetDouble()));
    }

    [Fact]
    public async Task Samples_OfHistograms_MergeExactlyAcrossSeries()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var store = aggregator.Get<TelemetryStore>();
        foreach ((string instance, int bucket) in new[] { ("a", 0), ("b", 10) })
        {
            var source = new TestSource(store, "checkout", instance);
            Series latency = source.Add("latency", SeriesKind.Histogram);
            for (int index = 0; index < 100; index++)
            {
                source.Append(latency, StartNs + (index * 10 * TestSource.NsPerMs), new HistogramSample
                {
                    Count = 1, Sum = 1, Min = double.NaN, Max = double.NaN, Scale = 0, PositiveOffset = bucket, PositiveCounts = [1],
                });
            }
        }
        string range = $"from={StartNs}&to={StartNs + Second}&step=1s";
        JsonElement each = await SamplesAsync(aggregator, "latency", range + "&quantile=0.5");
        Assert.Equal([true, false], each.GetProperty("series").EnumerateArray().Select(one => one.GetProperty("values")[0].GetDouble() <= 2));
        JsonElement merged = (await SamplesAsync(aggregator, "latency", range + "&quantile=0.25&merge=true")).GetProperty("series")[0];
        Assert.Equal(2, merged.GetProperty("merged").GetInt32());
        Assert.InRange(merged.GetProperty("values")[0].GetDouble(), 1, 2);
        Assert.InRange((await SamplesAsync(aggregator, "latency", range + "&quantile=0.75&merge=true")).GetProperty("series")[0].GetProperty("values")[0].GetDouble(), 1024, 2048);
        JsonElement raw = (await SamplesAsync(aggregator, "latency{instance=\"a\"}", $"from={StartNs}&to={StartNs + Second}")).GetProperty("series")[0];
        Assert.Equal(100, raw.GetProperty("p99").GetArrayLength());
        Assert.Equal(100, raw.GetProperty("count").EnumerateArray().Sum(count => count.GetDouble()));
    }

    [Theory]
    [InlineData("", "'selector' is missing")]
    [InlineData("selector=a{", "Cannot query: ")]
    [InlineData("selector=value&from=yesterday", "from is 'yesterday', allowed is nanoseconds")]
    [InlineData("selector=value&to=x", "to is 'x'")]
    [InlineData("selector=value&from=2&to=1", "from (2) is after to (1)")]
    [InlineData("selector=value&step=1", "step is '1', allowed is a whole number with ns")]
    [InlineData("selector=value&step=0s", "step is '0s'")]
    [InlineData("selector=value&from=now-1h&step=1ns", "more than 20000 steps")]
    [InlineData("selector=value&step=1s&aggregation=median", "aggregation is 'median', allowed is avg, min")]
    [InlineData("selector=value&step=1s&aggregation=3", "aggregation is '3'")]
    [InlineData("selector=value&aggregation=avg", "needs a 'step'")]
    [InlineData("selector=value&step=1s&quantile=2", "quantile is 2, allowed is 0 to 1")]
    [InlineData("selector=value&step=1s&quantile=0.5", "value is a gauge, which has no 'quantile'")]
    [InlineData("selector=value&step=1s&aggregation=rate", "value is a gauge, which has no 'rate'")]
    public async Task Samples_WhenSomethingIsWrong_Are400WithProblemDetails(string query, string expected)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        new TestSource(aggregator.Get<TelemetryStore>()).Add("value");
        using HttpResponseMessage response = await aggregator.Web.GetAsync("/api/samples?" + query, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains(expected, JsonDocument.Parse(body).RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Samples_WithAParameterThatIsNoNumber_Are400WithProblemDetails()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using HttpResponseMessage response = await aggregator.Web.GetAsync("/api/samples?selector=a&quantile=much", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Samples_PastTheLimits_AreRefusedOrCut()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Query:SampledSeriesMax=2", "Query:ValuesMax=5");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series[] series = source.AddMany(2);
        for (int index = 0; index < 3; index++)
        {
            source.AppendRow(StartNs + index, series[0], index, index);
        }
        JsonElement cut = await SamplesAsync(aggregator, "{service=\"checkout\"}", $"from={StartNs}&to={StartNs + 10}");
        Assert.Equal([3, 2], cut.GetProperty("series").EnumerateArray().Select(one => one.GetProperty("values").GetArrayLength()));
        Assert.True(cut.GetProperty("truncated").GetBoolean());
        source.Add("third");
        using HttpResponseMessage refused = await aggregator.Web.GetAsync(
            "/api/samples?selector=" + Uri.EscapeDataString("{service=\"checkout\"}"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("matches 3 series, 2 are the limit", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Samples_OfAnAgentsAggregates_TellTheirMinAndMax()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series gauge = source.Add("value");
        source.Append(gauge, StartNs, 3.0);
        source.AppendAggregate(gauge, StartNs + 1, 5, new AggregateSlot { Min = -7, Max = 70, Sum = 100, Count = 20 });
        JsonElement series = (await SamplesAsync(aggregator, "value", $"from={StartNs}&to={StartNs + 10}")).GetProperty("series")[0];
        Assert.Equal([3.0, 5], Numbers(series, "values"));
        Assert.Equal([3.0, -7], Numbers(series, "min"));
        Assert.Equal([3.0, 70], Numbers(series, "max"));
        Assert.Equal([1.0, 20], Numbers(series, "count"));
    }

    [Fact]
    public async Task Samples_OfACounterAboveTwoToThe53_KeepEveryDigitInSteps()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series counter = source.Add("total", SeriesKind.Counter);
        ulong[] totals = [(1UL << 53) + 1, (1UL << 53) + 3, (1UL << 60) + 1];
        for (int index = 0; index < totals.Length; index++)
        {
            source.Append(counter, StartNs + (index * Second / 4), totals[index]);
        }
        foreach ((string aggregation, ulong expected) in new[] { ("first", totals[0]), ("min", totals[0]), ("last", totals[2]), ("max", totals[2]) })
        {
            JsonElement answer = await SamplesAsync(aggregator, "total", $"from={StartNs}&to={StartNs + Second}&step=1s&aggregation={aggregation}");
            Assert.Equal([$"{expected}"], answer.GetProperty("series")[0].GetProperty("values").EnumerateArray().Select(value => value.GetString()));
        }
    }

    [Fact]
    public async Task OpenApi_DescribesTheApi()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        JsonElement document = await GetAsync(aggregator, "/openapi/v1.json");
        string[] paths = [.. document.GetProperty("paths").EnumerateObject().Select(path => path.Name)];
        Assert.Superset(new HashSet<string> { "/api/series", "/api/samples", "/api/services", "/api/status", "/health", "/alive" }, paths.ToHashSet());
        Assert.DoesNotContain("/{path}", paths);
        JsonElement samples = document.GetProperty("paths").GetProperty("/api/samples").GetProperty("get");
        Assert.Equal(
            ["selector", "from", "to", "step", "aggregation", "quantile", "merge", "buckets"],
            samples.GetProperty("parameters").EnumerateArray().Select(parameter => parameter.GetProperty("name").GetString()!.ToLowerInvariant()));
        Assert.All(samples.GetProperty("parameters").EnumerateArray(), parameter => Assert.True(parameter.TryGetProperty("description", out _)));
    }

    private static IEnumerable<double> Numbers(JsonElement series, string column) => series.GetProperty(column).EnumerateArray().Select(value => value.GetDouble());

    private static Task<JsonElement> SamplesAsync(RunningAggregator aggregator, string selector, string query) =>
        GetAsync(aggregator, FormattableString.Invariant($"/api/samples?selector={Uri.EscapeDataString(selector)}&{query}"));

    private static async Task<JsonElement> GetAsync(RunningAggregator aggregator, string path)
    {
        string body = await aggregator.Web.GetStringAsync(path, TestContext.Current.CancellationToken);
        return JsonDocument.Parse(body).RootElement;
    }
}
