using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Rings;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;
using Observability.Aggregator.Tests.Streaming;

namespace Observability.Aggregator.Tests.Triggers;

/// <summary>A running aggregator, its HTTP API, and samples that arrive meanwhile.</summary>
public sealed class TriggerApiTests
{
    private const long IntervalNs = 20_000_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Trigger_OnAStallOf20Ms_FiresAndKeepsTheSecondsAround()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series[] gauges = source.AddMany(3);
        Series total = source.Add("total", SeriesKind.Counter);
        await AddAsync(aggregator, new { name = "Stall", selector = "gauge_1", threshold = 250, for_ms = 20, before_ms = 200, after_ms = 100, clear_for_ms = 0 });

        long startNs = TimeProvider.System.UnixNs() - (50 * IntervalNs);
        void Write(int step, double value)
        {
            source.AppendRow(startNs + (step * IntervalNs), gauges[0], step, value, -step);
            source.Append(total, startNs + (step * IntervalNs), (ulong)step);
        }
        for (int step = 0; step < 60; step++)
        {
            Write(step, step is 30 or 31 ? 300 + step : 10);
        }

        JsonElement firing = await EventuallyAsync(async () => (await FiringsAsync(aggregator)).FirstOrDefault());
        Assert.Equal((1, "stall", "Stall", "gauge_1"), (
            firing.GetProperty("id").GetInt32(), firing.GetProperty("rule_id").GetString(), firing.GetProperty("rule_name").GetString(),
            firing.GetProperty("series").GetProperty("name").GetString()));
        Assert.Equal(startNs + (30 * IntervalNs), Ns(firing, "started_ns"));
        Assert.Equal(startNs + (31 * IntervalNs), Ns(firing, "sample_ns"));
        Assert.Equal(startNs + (32 * IntervalNs), Ns(firing, "ended_ns"));
        Assert.Equal((331, 331, "cleared"), (firing.GetProperty("value").GetDouble(), firing.GetProperty("peak").GetDouble(), firing.GetProperty("end").GetString()));

        // 200 ms before the condition began to hold to 100 ms after it fired, both ends included: every sample of every series of the instance.
        JsonElement capture = await EventuallyAsync(() => CaptureAsync(aggregator, 1));
        JsonElement[] kept = [.. capture.GetProperty("series").EnumerateArray()];
        Assert.Equal(["gauge_1", "gauge_0", "gauge_2", "total"], kept.Select(one => one.GetProperty("name").GetString()));
        Assert.All(kept, one => Assert.Equal(
            Enumerable.Range(20, 17).Select(step => startNs + (step * IntervalNs)), one.GetProperty("timestamps_ns").EnumerateArray().Select(time => long.Parse(time.GetString()!))));
        Assert.Equal([.. Enumerable.Range(20, 17).Select(step => step is 30 or 31 ? 300.0 + step : 10)], Values(kept[0]));
        Assert.Equal([.. Enumerable.Range(20, 17).Select(step => (double)step)], Values(kept[3]));
    }

    [Fact]
    public async Task Trigger_OfSamplesThatArrive_FiresWithin100Ms()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series gauge = source.Add("gauge");
        await AddAsync(aggregator, new { name = "high", selector = "gauge", threshold = 1, clear_for_ms = 0, holdoff_ms = 0, after_ms = 0 });
        var delaysMs = new List<double>();
        for (int round = 1; round <= 20; round++)
        {
            long sentNs = TimeProvider.System.UnixNs();
            source.Append(gauge, sentNs, 2.0);
            JsonElement firing = await EventuallyAsync(async () => (await FiringsAsync(aggregator)).FirstOrDefault(one => one?.GetProperty("id").GetInt32() == round));
            delaysMs.Add((Ns(firing, "fired_ns") - sentNs) / 1e6);
            source.Append(gauge, sentNs + 1, 0.0);
            await EventuallyAsync(async () => (await FiringsAsync(aggregator)).FirstOrDefault(one =>
                one?.GetProperty("id").GetInt32() == round && one?.GetProperty("ended_ns").ValueKind == JsonValueKind.String));
        }
        delaysMs.Sort();
        TestContext.Current.TestOutputHelper!.WriteLine($"Sample appended to fired: median {delaysMs[10]:F1} ms, largest {delaysMs[^1]:F1} ms.");
        Assert.InRange(delaysMs[10], 0, 5 * 100);
    }

    [Fact]
    public async Task Trigger_OnAHistogram_JudgesWhatItMeasures()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series latency = source.Add("latency", SeriesKind.Histogram);
        await AddAsync(aggregator, new { name = "slowest", selector = "latency", measure = "max", threshold = 100 });
        await AddAsync(aggregator, new { name = "wrong", selector = "latency", threshold = 100 });
        long nowNs = TimeProvider.System.UnixNs();
        source.Append(latency, nowNs, new HistogramSample { Count = 2, Sum = 100, Min = 40, Max = 60, Scale = 0, PositiveOffset = 5, PositiveCounts = [2] });
        source.Append(latency, nowNs + IntervalNs, new HistogramSample { Count = 2, Sum = 170, Min = 50, Max = 120, Scale = 0, PositiveOffset = 5, PositiveCounts = [1, 1] });
        JsonElement firing = await EventuallyAsync(async () => (await FiringsAsync(aggregator)).FirstOrDefault());
        Assert.Equal(("slowest", 120), (firing.GetProperty("rule_id").GetString(), firing.GetProperty("value").GetDouble()));
        JsonElement wrong = (await RulesAsync(aggregator)).Single(rule => rule.GetProperty("id").GetString() == "wrong");
        Assert.Equal("latency is a histogram: its measure cannot be value.", wrong.GetProperty("problem").GetString());
    }

    [Fact]
    public async Task Trigger_OfASpikeInsideAConflatedSample_Fires()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series gauge = source.Add("gauge");
        await AddAsync(aggregator, new { name = "high", selector = "gauge", threshold = 100 });
        source.AppendAggregate(gauge, TimeProvider.System.UnixNs(), 9, new AggregateSlot { Min = 1, Max = 500, Sum = 510, Count = 3 });
        JsonElement firing = await EventuallyAsync(async () => (await FiringsAsync(aggregator)).FirstOrDefault());
        Assert.Equal(500, firing.GetProperty("value").GetDouble());
    }

    [Fact]
    public async Task Rules_AddedChangedAndRemoved_AreListedAndWork()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync(
            "Triggers:Rules:0:Name=Configured", "Triggers:Rules:0:Selector=x", "Triggers:Rules:0:Threshold=5");
        JsonElement added = await AddAsync(aggregator, new { name = "One", selector = "{service=\"a\"}", threshold = 1.5 });
        Assert.Equal(("one", "api", "inactive"), (added.GetProperty("id").GetString(), added.GetProperty("origin").GetString(), added.GetProperty("state").GetString()));

        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync(aggregator, new { name = "ONE", selector = "y", threshold = 1 })).StatusCode);
        using HttpResponseMessage changed = await aggregator.Web.PutAsJsonAsync("/api/triggers/one", new { name = "One", selector = "y", threshold = 2, enabled = false }, Cancelled);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        JsonElement[] rules = await RulesAsync(aggregator);
        Assert.Equal(["configured:configuration:inactive", "one:api:disabled"], rules.Select(rule =>
            $"{rule.GetProperty("id").GetString()}:{rule.GetProperty("origin").GetString()}:{rule.GetProperty("state").GetString()}"));

        Assert.Equal(HttpStatusCode.Conflict, (await aggregator.Web.DeleteAsync("/api/triggers/configured", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await aggregator.Web.DeleteAsync("/api/triggers/nope", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await aggregator.Web.DeleteAsync("/api/triggers/one", Cancelled)).StatusCode);
        Assert.Single(await RulesAsync(aggregator));
    }

    [Theory]
    [InlineData("""{"name":"a","selector":"x"}""", "threshold is ''")]
    [InlineData("""{"name":"a","selector":"x","threshold":1,"treshold":2}""", "Cannot read the rule")]
    [InlineData("""{"name":"a","selector":"x","threshold":"high"}""", "Cannot read the rule")]
    [InlineData("null", "it is null")]
    [InlineData("{", "Cannot read the rule")]
    public async Task Rule_ThatIsWrong_IsRefusedWithTheReason(string body, string expected)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await aggregator.Web.PostAsync("/api/triggers", content, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(expected, (await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        using var text = new StringContent(body, Encoding.UTF8, "text/plain");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await aggregator.Web.PostAsync("/api/triggers", text, Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Rules_AtAndPastTheLimit_AreTakenAgainAfterOneHasGone()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Triggers:RulesMax=1");
        await AddAsync(aggregator, new { name = "a", selector = "x", threshold = 1 });
        using HttpResponseMessage refused = await PostAsync(aggregator, new { name = "b", selector = "x", threshold = 1 });
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        await aggregator.Web.DeleteAsync("/api/triggers/a", Cancelled);
        await AddAsync(aggregator, new { name = "b", selector = "x", threshold = 1 });
    }

    [Fact]
    public async Task Rules_WithAFile_OutliveTheAggregatorAndADamagedOneIsSetAside()
    {
        string file = Path.Combine(Path.GetTempPath(), $"rules-{Guid.NewGuid():N}.json");
        try
        {
            await using (RunningAggregator first = await RunningAggregator.StartAsync($"Triggers:RulesFile={file}"))
            {
                await AddAsync(first, new { name = "Kept", selector = "rps", threshold = 7, for_ms = 40 });
            }
            await using (RunningAggregator second = await RunningAggregator.StartAsync($"Triggers:RulesFile={file}"))
            {
                JsonElement rule = Assert.Single(await RulesAsync(second)).GetProperty("rule");
                Assert.Equal((7, 40), (rule.GetProperty("threshold").GetDouble(), rule.GetProperty("for_ms").GetInt32()));
            }
            await File.WriteAllTextAsync(file, "[{", Cancelled);
            await using RunningAggregator third = await RunningAggregator.StartAsync($"Triggers:RulesFile={file}");
            Assert.Empty(await RulesAsync(third));
            Assert.True(File.Exists(file + ".damaged"));
        }
        finally
        {
            File.Delete(file);
            File.Delete(file + ".damaged");
        }
    }

    [Fact]
    public async Task Rules_WhereEditsAreForbidden_AreOnlyRead()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Triggers:AllowEdits=false");
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(aggregator, new { name = "a", selector = "x", threshold = 1 })).StatusCode);
    }

    [Theory]
    [InlineData("Triggers:Rules:0:Name=bad", "Triggers:Rules:0 is 'bad', allowed is a rule that can be used. Cannot use the rule's selector ''")]
    [InlineData("Triggers:Webhooks:pager=ftp://x", "Triggers:Webhooks:pager is 'ftp://x', allowed is an http or https address")]
    [InlineData("Triggers:EvaluateEveryMs=0", "Triggers:EvaluateEveryMs is '0', allowed is a number from 1 to 1000")]
    public async Task Start_WithAWrongSetting_SaysWhich(string setting, string expected)
    {
        var refused = await Assert.ThrowsAnyAsync<OptionsValidationException>(async () =>
        {
            await using RunningAggregator aggregator = await RunningAggregator.StartAsync(setting);
        });
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_WhenSomethingFires_TellANewVersion()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series gauge = source.Add("gauge");
        await AddAsync(aggregator, new { name = "high", selector = "gauge", threshold = 1 });
        await using Stream stream = await aggregator.Web.GetStreamAsync("/api/triggers/events", Cancelled);
        using var reader = new StreamReader(stream);
        long first = await VersionAsync(reader);
        source.Append(gauge, TimeProvider.System.UnixNs(), 2.0);
        Assert.InRange(await VersionAsync(reader), first + 1, long.MaxValue);
    }

    private static async Task<long> VersionAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync(Cancelled) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return JsonDocument.Parse(line[6..]).RootElement.GetProperty("version").GetInt64();
            }
        }
        throw new InvalidOperationException("The stream of events ended.");
    }

    private static async Task<JsonElement> AddAsync(RunningAggregator aggregator, object rule)
    {
        using HttpResponseMessage response = await PostAsync(aggregator, rule);
        string body = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.True(response.StatusCode == HttpStatusCode.Created, body);
        return JsonDocument.Parse(body).RootElement;
    }

    private static Task<HttpResponseMessage> PostAsync(RunningAggregator aggregator, object rule) =>
        aggregator.Web.PostAsJsonAsync("/api/triggers", rule, Cancelled);

    private static async Task<JsonElement[]> RulesAsync(RunningAggregator aggregator) =>
        [.. (await aggregator.Web.GetFromJsonAsync<JsonElement>("/api/triggers", Cancelled)).GetProperty("rules").EnumerateArray()];

    private static async Task<JsonElement?[]> FiringsAsync(RunningAggregator aggregator) =>
        [.. (await aggregator.Web.GetFromJsonAsync<JsonElement>("/api/triggers/firings", Cancelled)).GetProperty("firings").EnumerateArray().Select(one => (JsonElement?)one)];

    private static async Task<JsonElement?> CaptureAsync(RunningAggregator aggregator, int id)
    {
        using HttpResponseMessage response = await aggregator.Web.GetAsync($"/api/triggers/firings/{id}/capture", Cancelled);
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Conflict, response.StatusCode.ToString());
        return response.StatusCode == HttpStatusCode.OK ? await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled) : null;
    }

    private static long Ns(JsonElement element, string name) => long.Parse(element.GetProperty(name).GetString()!, System.Globalization.CultureInfo.InvariantCulture);

    private static double[] Values(JsonElement series) => [.. series.GetProperty("values").EnumerateArray().Select(value => value.GetDouble())];

    private static async Task<JsonElement> EventuallyAsync(Func<Task<JsonElement?>> get)
    {
        long deadline = Environment.TickCount64 + 20_000;
        while (Environment.TickCount64 < deadline)
        {
            if (await get() is { } found)
            {
                return found;
            }
            await Task.Delay(5, Cancelled);
        }
        throw new TimeoutException("What was waited for did not happen within 20 s.");
    }
}
