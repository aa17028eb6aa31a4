using System.Net.WebSockets;
using System.Text.Json;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming;
using Observability.Aggregator.Streaming.Connections;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class LagTests
{
    private static long NowNs => TimeProvider.System.UnixNs();

    [Fact]
    public async Task Ack_WhenItStops_MovesToSlowerClassesAndBackWithoutLosingASample()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:LagMs=100", "Streaming:RecoverMs=200", "Streaming:QueueFramesMax=256");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series series = source.Add("value");
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "value");
        using var stop = new CancellationTokenSource();
        Task<long> writing = WriteAsync(source, series, stop.Token);

        await client.UntilAsync(() => client.Frames.Any(frame => frame.SampleCount > 0), "no frame came");
        await client.SendAsync(new { type = "ack", tick = 1 });
        JsonElement slower = await client.TextAsync("rate", text => text.GetProperty("reason").GetString() == "lagging");
        Assert.Equal((1, 30), (slower.GetProperty("id").GetInt32(), slower.GetProperty("rate").GetInt32()));
        await client.TextAsync("rate", text => text.GetProperty("rate").GetInt32() == 15);
        await client.UntilAsync(() => client.Frames.Any(frame => frame.RateHz == 15), "no frame of the slower class came");

        using var ackStop = new CancellationTokenSource();
        Task acking = AckAsync(client, ackStop.Token);
        await client.TextAsync("rate", text => text.GetProperty("reason").GetString() == "recovered" && text.GetProperty("rate").GetInt32() == 60);
        int framesBefore = client.Frames.Count;
        await client.UntilAsync(() => client.Frames.Skip(framesBefore).Any(frame => frame.RateHz == 60), "no frame of the full rate came");
        await stop.CancelAsync();
        long count = await writing;
        await client.UntilAsync(() => GroundTruth.Received(client.Frames, series.Id).Max >= count, "the last sample did not come");
        await ackStop.CancelAsync();
        await acking;
        GroundTruth received = GroundTruth.Received(client.Frames, series.Id);
        Assert.Equal($"min 1 max {count} sum {count * (count + 1) / 2} count {count}", $"{received}");
        double[] ticks = [.. client.Frames.Select(frame => frame.Tick)];
        Assert.Equal(ticks.Order(), ticks);
    }

    [Fact]
    public async Task Socket_ThatTakesNothing_IsCutAndSlowsNobody()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:SendTimeoutMs=1000", "Streaming:QueueFramesMax=4");
        var store = aggregator.Get<TelemetryStore>();
        var source = new TestSource(store);
        Series[] series = source.AddMany(2000);
        await using LiveClient good = await LiveClient.ConnectAsync(aggregator);
        await good.SubscribeAsync(1, "gauge_0");
        // It subscribes to much and never reads a byte of it.
        using var bad = new ClientWebSocket();
        bad.Options.AddSubProtocol("telemetry.v1.binary");
        await bad.ConnectAsync(new Uri($"ws://127.0.0.1:{aggregator.WebPort}/ws"), TestContext.Current.CancellationToken);
        await bad.SendAsync("""{"type":"subscribe","id":1,"selector":"{service=\"checkout\"}"}"""u8.ToArray(), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);

        using var stop = new CancellationTokenSource();
        Task<long> writing = WriteRowsAsync(source, series, stop.Token);
        var counters = aggregator.Get<StreamingCounters>();
        await good.UntilAsync(() => counters.ClientsDisconnected == 1, "the client that does not read was not cut");
        Assert.True(counters.SlowedDown >= 1, "it was not slowed down before");
        await stop.CancelAsync();
        long rows = await writing;
        await good.UntilAsync(() => GroundTruth.Received(good.Frames, series[0].Id).Max >= rows, "the last sample did not come");
        Assert.Equal(rows, GroundTruth.Received(good.Frames, series[0].Id).Count);
        // Nothing else than its own pace decided what it got.
        Assert.DoesNotContain(good.Texts, text => LiveClient.TypeOf(text) is "rate" or "gap");
        await good.UntilAsync(() => aggregator.Get<LiveHub>().Count == 1, "the place of the cut one was not given back");
    }

    [Fact]
    public async Task Socket_ThatTakesNothingForAWhile_GoesOnConflatedWithoutLosingASample()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:QueueFramesMax=4", "Streaming:SendTimeoutMs=60000");
        var store = aggregator.Get<TelemetryStore>();
        var source = new TestSource(store);
        Series[] series = source.AddMany(2000);
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("telemetry.v1.binary");
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{aggregator.WebPort}/ws"), TestContext.Current.CancellationToken);
        await socket.SendAsync("""{"type":"subscribe","id":1,"selector":"{service=\"checkout\"}"}"""u8.ToArray(), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await ReceiveAsync(socket, deadline.Token) is not { IsBackfillEnd: true })
        {
        }
        using var stop = new CancellationTokenSource();
        Task<long> writing = WriteRowsAsync(source, series, stop.Token);
        var counters = aggregator.Get<StreamingCounters>();
        while (counters.SlowedDown == 0)
        {
            await Task.Delay(5, deadline.Token);
        }
        await Task.Delay(300, deadline.Token);
        await stop.CancelAsync();
        long rows = await writing;

        var frames = new List<DecodedFrame>();
        while (GroundTruth.Received(frames, series[0].Id) is var received && !(received.Max >= rows))
        {
            if (await ReceiveAsync(socket, deadline.Token) is { } frame)
            {
                frames.Add(frame);
            }
        }
        Assert.Equal(0, frames.Sum(frame => frame.OverwrittenCount));
        for (int index = 0; index < series.Length; index += 333)
        {
            double factor = index + 1;
            Assert.Equal(
                FormattableString.Invariant($"min {factor} max {factor * rows} sum {factor * rows * (rows + 1) / 2} count {rows}"),
                $"{GroundTruth.Received(frames, series[index].Id)}");
        }
    }

    /// <summary>The next message; null when it is a text.</summary>
    private static async Task<DecodedFrame?> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        using var message = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        WebSocketReceiveResult result;
        do
        {
            result = await socket.ReceiveAsync(new ArraySegment<byte>(buffer), cancellationToken);
            message.Write(buffer, 0, result.Count);
        }
        while (!result.EndOfMessage);
        return result.MessageType == WebSocketMessageType.Binary ? DecodedFrame.Decode(message.ToArray()) : null;
    }

    private static Task<long> WriteAsync(TestSource source, Series series, CancellationToken stop) => Task.Run(async () =>
    {
        long written = 0;
        while (!stop.IsCancellationRequested)
        {
            source.Append(series, NowNs, (double)++written);
            await Task.Delay(2, CancellationToken.None);
        }
        return written;
    });

    /// <summary>Row r holds r, 2r, 3r, …</summary>
    private static Task<long> WriteRowsAsync(TestSource source, Series[] series, CancellationToken stop) => Task.Run(async () =>
    {
        double[] values = new double[series.Length];
        long row = 0;
        while (!stop.IsCancellationRequested)
        {
            row++;
            for (int index = 0; index < values.Length; index++)
            {
                values[index] = row * (index + 1.0);
            }
            source.AppendRow(NowNs, series[0], values);
            await Task.Delay(5, CancellationToken.None);
        }
        return row;
    });

    private static async Task AckAsync(LiveClient client, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await client.SendAsync(new { type = "ack", tick = (long)client.Frames.Last().Tick });
            await Task.Delay(10, CancellationToken.None);
        }
    }
}
