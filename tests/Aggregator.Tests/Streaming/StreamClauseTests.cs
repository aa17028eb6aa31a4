using System.Text.Json;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Streaming;

/// <summary>What the contract promises clients of the live stream, where no other test of this folder holds it. Listed in Aggregator/Streaming/README.md.</summary>
public sealed class StreamClauseTests
{
    private static long NowNs => TimeProvider.System.UnixNs();

    [Fact]
    public async Task Resume_AfterACut_BringsWhatWasMissedAndNothingTwice()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:SendTimeoutMs=2000", "Streaming:QueueFramesMax=4");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series[] series = source.AddMany(2000);
        double[] values = new double[series.Length];
        using RawViewer stopped = await RawViewer.ConnectAsync(aggregator);
        await stopped.SendAsync(ClientFrames.Text("""{"type":"subscribe","id":1,"selector":"{service=\"checkout\"}"}"""));
        await stopped.UntilAsync(0x82, payload => DecodedFrame.Decode(payload).IsBackfillEnd);

        // It reads the first row and then nothing, until it is cut.
        var counters = aggregator.Get<StreamingCounters>();
        long firstNs = Append(source, series, values, 1);
        DecodedFrame first = DecodedFrame.Decode(await stopped.UntilAsync(0x82));
        int row = 1;
        while (counters.ClientsDisconnected == 0)
        {
            Append(source, series, values, ++row);
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
        await using LiveClient again = await LiveClient.ConnectAsync(aggregator);
        await again.SubscribeAsync(1, "gauge_0", fromNs: firstNs + 1);
        Append(source, series, values, ++row);
        await again.UntilAsync(() => GroundTruth.Received(again.Frames, series[0].Id).Max >= row, "the last row did not come");

        Assert.Equal(1, GroundTruth.Received([first], series[0].Id).Max);
        Assert.Equal(row - 1, GroundTruth.Received(again.Frames, series[0].Id).Count);
        Assert.Equal(2, GroundTruth.Received(again.Frames, series[0].Id).Min);
    }

    [Fact]
    public async Task Unsubscribe_FromEverything_LeavesOnlyHeartbeats()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:HeartbeatMs=100");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series[] series = source.AddMany(500);
        double[] values = new double[series.Length];
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "{service=\"checkout\"}");
        Append(source, series, values, 1);
        await client.UntilAsync(() => client.Frames.Any(frame => frame.SampleCount > 0), "no frame came");
        await client.SendAsync(new { type = "unsubscribe", id = 1 });
        await client.SendAsync(new { type = "ping", t = 1 });
        await client.TextAsync("pong");
        int frames = client.Frames.Count;
        var counters = aggregator.Get<StreamingCounters>();
        long encodes = counters.Encodes;
        int beats = client.Texts.Count(text => LiveClient.TypeOf(text) == "heartbeat");

        for (int row = 2; client.Texts.Count(text => LiveClient.TypeOf(text) == "heartbeat") < beats + 5; row++)
        {
            Append(source, series, values, row);
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        // Nothing is sent, and nothing is made either.
        Assert.Equal((frames, encodes), (client.Frames.Count, counters.Encodes));
    }

    [Fact]
    public async Task Heartbeat_WhileFramesCome_IsNotSent()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:HeartbeatMs=500");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series series = source.Add("value");
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "value");
        for (int value = 0; client.Frames.Count < 60; value++)
        {
            source.Append(series, NowNs, (double)value);
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
        int before = client.Texts.Count(text => LiveClient.TypeOf(text) == "heartbeat");
        JsonElement beat = await client.TextAsync("heartbeat", text => text.GetProperty("tick").GetDouble() > client.Frames.Last().Tick);
        Assert.InRange(before, 0, 1);
        Assert.True(long.Parse(beat.GetProperty("server_ns").GetString()!, System.Globalization.CultureInfo.InvariantCulture) > 0);
    }

    [Fact]
    public async Task Gap_WhenARingOverwroteWhatASlowClassHadNotTaken_IsToldWithTheCount()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Storage:RingSamplesMax=256");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series series = source.Add("value");
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(7, "value", rate: 1);
        long now = NowNs;
        for (int value = 0; value < 100_000; value++)
        {
            source.Append(series, now + value, (double)value);
        }

        await client.UntilAsync(() => client.Frames.Sum(frame => frame.OverwrittenCount + frame.SampleCount) >= 100_000, "not every sample was accounted for");
        long overwritten = client.Frames.Sum(frame => (long)frame.OverwrittenCount);
        if (overwritten > 0)
        {
            JsonElement gap = await client.TextAsync("gap");
            Assert.Equal("overwritten", gap.GetProperty("reason").GetString());
            await client.UntilAsync(
                () => client.Texts.Where(text => LiveClient.TypeOf(text) == "gap").Sum(text => text.GetProperty("samples").GetInt64()) == overwritten, "the gaps do not add up");
        }
        Assert.Equal(100_000, overwritten + client.Frames.Sum(frame => (long)frame.SampleCount));
        Assert.True(overwritten > 0, "the trial overwrote nothing");
    }

    /// <summary>Row r holds r, 2r, 3r, …</summary>
    private static long Append(TestSource source, Series[] series, double[] values, int row)
    {
        for (int index = 0; index < values.Length; index++)
        {
            values[index] = row * (index + 1.0);
        }
        long ns = NowNs;
        source.AppendRow(ns, series[0], values);
        return ns;
    }
}
