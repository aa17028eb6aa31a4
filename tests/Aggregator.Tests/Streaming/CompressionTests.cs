using System.Net.WebSockets;
using System.Text.Json;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class CompressionTests
{
    private const int SeriesCount = 200;
    private const int RowCount = 60;

    [Fact]
    public async Task Frames_WithSomeClientsThatOfferIt_HoldTheSameForAll()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:Compression=Always", "Streaming:QueueFramesMax=256");
        var store = aggregator.Get<TelemetryStore>();
        var source = new TestSource(store);
        Series[] series = source.AddMany(SeriesCount);
        LiveClient[] clients =
        [
            await LiveClient.ConnectAsync(aggregator, compresses: true), await LiveClient.ConnectAsync(aggregator, compresses: true),
            await LiveClient.ConnectAsync(aggregator),
        ];
        foreach (LiveClient client in clients)
        {
            await client.SubscribeAsync(1, "{service=\"checkout\"}");
        }

        for (int row = 1; row <= RowCount; row++)
        {
            source.AppendRow(TimeProvider.System.UnixNs(), series[0], [.. Enumerable.Range(1, SeriesCount).Select(one => (double)(one * row))]);
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
        foreach (LiveClient client in clients)
        {
            await client.UntilAsync(() => client.Frames.Sum(frame => frame.SampleCount) >= RowCount * SeriesCount, "not every sample came");
            Assert.Equal(
                $"min 7 max {7 * RowCount} sum {7 * RowCount * (RowCount + 1) / 2} count {RowCount}", $"{GroundTruth.Received(client.Frames, series[6].Id)}");
        }

        foreach (LiveClient client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Json_Compressed_IsTheSameText()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:Compression=Always");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series[] series = source.AddMany(50);
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator, binary: false, compresses: true);
        await client.SubscribeAsync(9, "gauge_7");
        source.AppendRow(TimeProvider.System.UnixNs(), series[0], [.. Enumerable.Range(0, 50).Select(one => one + 0.5)]);

        JsonElement samples = await client.TextAsync("samples");

        Assert.Equal(9, samples.GetProperty("id").GetInt32());
        Assert.Equal(7.5, samples.GetProperty("samples")[0].GetProperty("value").GetDouble());
    }

    [Theory]
    [InlineData("Remote")]
    [InlineData("Off")]
    public async Task Handshake_OfAClientOfThisMachine_DoesNotAgreeUnlessToldTo(string compression)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync($"Streaming:Compression={compression}");
        Assert.Equal("", await ExtensionsAsync(aggregator));
        await using RunningAggregator always = await RunningAggregator.StartAsync("Streaming:Compression=Always");
        string agreed = await ExtensionsAsync(always);
        Assert.StartsWith("permessage-deflate;", agreed, StringComparison.Ordinal);
        // Nothing is kept for a connection between two of its frames.
        Assert.Contains("server_no_context_takeover", agreed, StringComparison.Ordinal);
    }

    private static async Task<string> ExtensionsAsync(RunningAggregator aggregator)
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("telemetry.v1.binary");
        socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        socket.Options.CollectHttpResponseDetails = true;
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{aggregator.WebPort}/ws"), TestContext.Current.CancellationToken);
        return socket.HttpResponseHeaders!.TryGetValue("Sec-WebSocket-Extensions", out IEnumerable<string>? values) ? string.Join(", ", values) : "";
    }
}
