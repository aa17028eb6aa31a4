using System.Net.WebSockets;
using System.Text.Json;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Connections;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class LiveStreamTests
{
    private static long NowNs => TimeProvider.System.UnixNs();

    [Fact]
    public async Task Connect_WithTheSubprotocol_SaysHelloFirst()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        JsonElement hello = await client.TextAsync("hello");
        Assert.Equal("telemetry.v1.binary", client.Subprotocol);
        Assert.Equal(JsonSerializer.Serialize(hello), JsonSerializer.Serialize(client.Texts.First()));
        Assert.Equal(1, hello.GetProperty("version").GetInt32());
        Assert.Equal($"{aggregator.Get<TelemetryStore>().SessionId}", hello.GetProperty("session").GetString());
        Assert.Equal([60, 30, 15, 5, 1], hello.GetProperty("rates").EnumerateArray().Select(rate => rate.GetInt32()));
    }

    [Fact]
    public async Task Subscribe_WithNothingStored_AnswersWithAnEmptyBackfillAndThenHeartbeats()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:HeartbeatMs=100");
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        JsonElement subscribed = await client.SubscribeAsync(1, "rps{service=\"checkout\"}", backfillMs: 60_000);
        Assert.Equal(0, subscribed.GetProperty("series").GetInt32());
        await client.UntilAsync(() => !client.Frames.IsEmpty, "no backfill came");
        DecodedFrame backfill = Assert.Single(client.Frames);
        Assert.True(backfill.IsBackfill && backfill.IsBackfillEnd);
        Assert.Equal(0u, backfill.SampleCount);
        JsonElement heartbeat = await client.TextAsync("heartbeat");
        Assert.True(heartbeat.GetProperty("tick").GetInt64() > subscribed.GetProperty("tick").GetInt64());
    }

    [Fact]
    public async Task Subscribe_ThenSamples_BringsDictionaryFramesAndStamps()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var store = aggregator.Get<TelemetryStore>();
        var source = new TestSource(store);
        Series[] series = source.AddMany(3);
        source.Writer.Source.ClockOffsetNs = 1234;
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "{service=\"checkout\"}");
        long timestampNs = NowNs;
        source.AppendRow(timestampNs, series[0], 1, 2, 3);

        await client.UntilAsync(() => client.Frames.Any(frame => frame.SampleCount > 0), "no frame came");
        DecodedFrame frame = client.Frames.First(one => one.SampleCount > 0);
        Assert.Equal([1.0, 2, 3], frame.Gauges.Select(gauge => gauge.Values.Single()));
        Assert.Equal(series.Select(one => one.Id), frame.Gauges.Select(gauge => gauge.Series));
        Assert.All(frame.Gauges, gauge => Assert.Equal(timestampNs, frame.BaseNs + (long)gauge.Times.Single()));
        Assert.Equal(store.SessionId, frame.SessionId);
        DecodedFrame.Stamp stamp = Assert.Single(frame.Stamps);
        Assert.Equal((source.Writer.Source.Id, timestampNs, 1234.0), (stamp.Source, frame.BaseNs + (long)stamp.Recorded, stamp.ClockOffset));
        Assert.InRange(frame.FramedNs, timestampNs, NowNs);

        JsonElement[] told = [.. client.Texts.Where(text => LiveClient.TypeOf(text) == "series").SelectMany(text => text.GetProperty("series").EnumerateArray())];
        Assert.Equal(series.Select(one => one.Id), told.Select(one => one.GetProperty("id").GetUInt32()));
        Assert.Equal("""{"id":1,"source":1,"service":"checkout","instance":"a-1","name":"gauge_0","labels":{},"kind":"gauge","unit":"ms"}""", told[0].GetRawText());
    }

    [Fact]
    public async Task Subscribe_ThenANewSeriesThatMatches_JoinsFromItsFirstSample()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "{name=~\"x.*\",service=\"checkout\"}");
        await client.SubscribeAsync(2, "{__name__=~\"late.*\"}");
        Series other = source.Add("other");
        Series late = source.Add("late_one", SeriesKind.Counter, ("route", "/pay"));
        source.Append(other, NowNs, 1.0);
        source.Append(late, NowNs, 7UL);
        source.Append(late, NowNs, 9UL);

        await client.UntilAsync(() => client.Frames.Sum(frame => frame.SampleCount) >= 2, "the samples did not come");
        Assert.Equal([7UL, 9], client.Frames.SelectMany(frame => frame.Counters).SelectMany(counter => counter.Bits));
        Assert.Empty(client.Frames.SelectMany(frame => frame.Gauges));
        int toldAt = client.All.ToList().FindIndex(item => item is JsonElement text && LiveClient.TypeOf(text) == "series");
        int frameAt = client.All.ToList().FindIndex(item => item is DecodedFrame { SampleCount: > 0 });
        Assert.InRange(toldAt, 0, frameAt);
    }

    [Fact]
    public async Task Subscribe_TwiceAtOneRate_GetsTheUnionOncePerTick()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series[] series = source.AddMany(4);
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "{__name__=~\"gauge_[012]\"}");
        await client.SubscribeAsync(2, "{__name__=~\"gauge_[123]\"}");
        source.AppendRow(NowNs, series[0], 1, 2, 3, 4);
        await client.UntilAsync(() => client.Frames.Sum(frame => frame.SampleCount) >= 4, "the samples did not come");
        DecodedFrame frame = Assert.Single(client.Frames, one => one.SampleCount > 0);
        Assert.Equal([1u, 2, 3, 4], frame.Gauges.Select(gauge => gauge.Series));
    }

    [Fact]
    public async Task Unsubscribe_OneOfTwo_GoesOnWithTheOther()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series[] series = source.AddMany(2);
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "gauge_0");
        await client.SubscribeAsync(2, "gauge_1");
        source.AppendRow(NowNs, series[0], 1, 2);
        await client.UntilAsync(() => client.Frames.Sum(frame => frame.SampleCount) == 2, "the first samples did not come");
        await client.SendAsync(new { type = "unsubscribe", id = 1 });
        await client.SendAsync(new { type = "ping", t = 1 });
        await client.TextAsync("pong");
        source.AppendRow(NowNs, series[0], 3, 4);
        await client.UntilAsync(() => client.Frames.Sum(frame => frame.SampleCount) >= 3, "the second samples did not come");
        Assert.Equal([2.0, 4], ValuesOf(client, series[1].Id));
        Assert.Equal([1.0], ValuesOf(client, series[0].Id));
    }

    [Fact]
    public async Task Ping_ComesBackWithItsOwnTimeAndTheServers()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SendTextAsync("""{"type":"ping","t":123.40}""");
        JsonElement pong = await client.TextAsync("pong");
        Assert.Equal("123.40", pong.GetProperty("t").GetRawText());
        Assert.InRange(long.Parse(pong.GetProperty("server_ns").GetString()!, System.Globalization.CultureInfo.InvariantCulture), NowNs - 60_000_000_000, NowNs);
    }

    [Theory]
    [InlineData("not json", "Cannot read the message: it is no JSON")]
    [InlineData("[1]", "Cannot read the message: it is no JSON object.")]
    [InlineData("{}", "'type' is missing")]
    [InlineData("""{"type":"dance"}""", "type 'dance' is unknown")]
    [InlineData("""{"type":"subscribe","selector":"a"}""", "'id' is missing")]
    [InlineData("""{"type":"subscribe","id":1}""", "'selector' is missing")]
    [InlineData("""{"type":"subscribe","id":1,"selector":"a{"}""", "Cannot subscribe: ")]
    [InlineData("""{"type":"subscribe","id":1,"selector":"a","rate":59}""", "rate is 59, allowed is 60, 30, 15, 5, 1")]
    [InlineData("""{"type":"subscribe","id":1,"selector":"a","backfill_ms":-1}""", "backfill_ms is -1")]
    [InlineData("""{"type":"subscribe","id":1,"selector":7}""", "'selector' is no string")]
    [InlineData("""{"type":"subscribe","id":1.5,"selector":"a"}""", "'id' is no whole number")]
    [InlineData("""{"type":"unsubscribe","id":9}""", "there is no subscription 9")]
    [InlineData("""{"type":"ack"}""", "'tick' is missing")]
    public async Task Message_ThatIsWrong_IsToldAndTheConnectionStays(string message, string expected)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SendTextAsync(message);
        JsonElement error = await client.TextAsync("error");
        Assert.Contains(expected, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        await client.SendAsync(new { type = "ping", t = 1 });
        await client.TextAsync("pong");
    }

    [Fact]
    public async Task Message_AtAndPastTheSizeLimit_IsTakenAndThenClosesWith1009()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:ControlMessageBytesMax=300");
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SendTextAsync("""{"type":"ping","t":1}""".PadRight(300));
        await client.TextAsync("pong");
        await client.SendTextAsync("""{"type":"ping","t":1}""".PadRight(301));
        await client.Closed.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, client.CloseStatus);
    }

    [Fact]
    public async Task Message_ThatIsBinary_ClosesWith1003()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SendBinaryAsync([1, 2, 3]);
        await client.Closed.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(WebSocketCloseStatus.InvalidMessageType, client.CloseStatus);
    }

    [Fact]
    public async Task Subscribe_PastTheLimitOfSubscriptions_IsRefusedUntilOneIsGone()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:SubscriptionsPerClientMax=2");
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "a");
        await client.SubscribeAsync(2, "b");
        await client.SendAsync(new { type = "subscribe", id = 3, selector = "c" });
        JsonElement error = await client.TextAsync("error");
        Assert.Contains("2 subscriptions are the limit", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(3, error.GetProperty("id").GetInt32());
        await client.SendAsync(new { type = "unsubscribe", id = 1 });
        await client.SubscribeAsync(3, "c");
    }

    [Fact]
    public async Task Subscribe_PastTheLimitOfSeries_IsRefusedByName()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:SeriesPerSubscriptionMax=3");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        source.AddMany(3);
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        Assert.Equal(3, (await client.SubscribeAsync(1, "{service=\"checkout\"}")).GetProperty("series").GetInt32());
        source.Add("one_more");
        await client.SendAsync(new { type = "subscribe", id = 2, selector = "{instance=\"a-1\"}" });
        JsonElement error = await client.TextAsync("error", text => text.GetProperty("id").GetInt32() == 2);
        Assert.Contains("matches 4 series, 3 are the limit", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_PastTheLimitOfClients_Is503UntilOneIsGone()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:ClientsMax=1");
        LiveClient first = await LiveClient.ConnectAsync(aggregator);
        var refusal = await Assert.ThrowsAsync<WebSocketException>(() => LiveClient.ConnectAsync(aggregator));
        Assert.Contains("503", refusal.Message, StringComparison.Ordinal);
        await first.CloseAsync();
        await first.UntilAsync(() => aggregator.Get<LiveHub>().Count == 0, "the place was not given back");
        await first.DisposeAsync();
        await using LiveClient second = await LiveClient.ConnectAsync(aggregator);
        await second.TextAsync("hello");
    }

    [Fact]
    public async Task Stop_WithConnectionsOpen_SendsTheLastFrameAnd1001()
    {
        RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series series = source.Add("rps");
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "rps", rate: 1);
        source.Append(series, NowNs, 1.0);
        await client.UntilAsync(() => client.Frames.Sum(frame => frame.SampleCount) == 1, "the first sample did not come");
        source.Append(series, NowNs, 2.0);
        await aggregator.DisposeAsync();
        await client.Closed.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, client.CloseStatus);
        Assert.Equal([1.0, 2], ValuesOf(client, series.Id));
    }

    [Fact]
    public async Task Get_WithoutUpgrade_Is400WithTheRemedy()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using HttpResponseMessage response = await aggregator.Web.GetAsync("/ws", TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("telemetry.v1.binary", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static double[] ValuesOf(LiveClient client, uint series) =>
        [.. client.Frames.SelectMany(frame => frame.Gauges).Where(gauge => gauge.Series == series).SelectMany(gauge => gauge.Values)];
}
