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
}
