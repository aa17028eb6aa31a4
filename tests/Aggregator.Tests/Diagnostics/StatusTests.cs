using System.Text.Json;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Streaming;

namespace Observability.Aggregator.Tests.Diagnostics;

public sealed class StatusTests
{
    [Fact]
    public async Task Get_TellsTheProcessItsPortsItsStoreAndItsClients()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var store = aggregator.Get<TelemetryStore>();
        var source = new TestSource(store);
        source.AddMany(3);
        source.Writer.Source.ClockOffsetNs = -5;
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.TextAsync("hello");

        string body = await aggregator.Web.GetStringAsync("/api/status", TestContext.Current.CancellationToken);
        JsonElement status = JsonDocument.Parse(body).RootElement;
        Assert.Equal(Environment.ProcessId, status.GetProperty("pid").GetInt32());
        Assert.Equal($"{store.SessionId}", status.GetProperty("session_id").GetString());
        Assert.Equal("serving", status.GetProperty("phase").GetString());
        JsonElement ports = status.GetProperty("ports");
        Assert.Equal(
            (aggregator.GrpcPort, aggregator.WebPort, aggregator.MetricsPort),
            (ports.GetProperty("grpc").GetInt32(), ports.GetProperty("web").GetInt32(), ports.GetProperty("metrics").GetInt32()));
        Assert.Equal(3, status.GetProperty("storage").GetProperty("series").GetInt32());
        Assert.Equal(1, status.GetProperty("streaming").GetProperty("clients").GetInt32());
        Assert.Equal(0, status.GetProperty("agents").GetArrayLength());
        JsonElement told = Assert.Single(status.GetProperty("sources").EnumerateArray());
        Assert.Equal(("checkout", "a-1", -5), (
            told.GetProperty("service").GetString(), told.GetProperty("instance").GetString(), told.GetProperty("clock_offset_ns").GetInt64()));
    }
    [Fact]
    public async Task Get_TellsEachConnectionOfTheLiveStream()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        source.AddMany(3);
        await using LiveClient binary = await LiveClient.ConnectAsync(aggregator);
        await binary.SubscribeAsync(1, "{service=\"checkout\"}", rate: 15);
        await using LiveClient json = await LiveClient.ConnectAsync(aggregator, binary: false);
        await json.TextAsync("hello");
        JsonElement[] told = [];
        while (told.Length < 2 || told[1].GetProperty("rates_hz").GetArrayLength() == 0)
        {
            // The second one subscribes by itself a moment after its hello.
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            string body = await aggregator.Web.GetStringAsync("/api/status", TestContext.Current.CancellationToken);
            told = [.. JsonDocument.Parse(body).RootElement.GetProperty("streaming").GetProperty("connections").EnumerateArray()];
        }
        Assert.Equal(["websocket-binary", "websocket-json"], told.Select(one => one.GetProperty("transport").GetString()));
        Assert.Equal([15], told[0].GetProperty("rates_hz").EnumerateArray().Select(rate => rate.GetInt32()));
        Assert.All(told, one => Assert.StartsWith("127.0.0.1:", one.GetProperty("peer").GetString(), StringComparison.Ordinal));
        Assert.All(told, one => Assert.Equal(0, one.GetProperty("slow_steps").GetInt32()));
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        Assert.All(told, one => Assert.InRange(long.Parse(one.GetProperty("connected_at_ns").GetString()!, System.Globalization.CultureInfo.InvariantCulture) / 1_000_000_000, now - 60, now));
        Assert.All(told, one => Assert.True(one.TryGetProperty("unacked_frames", out _) && one.TryGetProperty("queued_frames", out _)));
    }
}
