using System.Text;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class DirectSendTests
{
    private static readonly byte[] Subscribe = ClientFrames.Text("""{"type":"subscribe","id":1,"selector":"value"}""");

    [Fact]
    public async Task Frames_OfASocketThatTakesThem_AreSentByTheFrameLoopInOrderAndOnce()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:QueueFramesMax=256");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series series = source.Add("value");
        using RawViewer viewer = await RawViewer.ConnectAsync(aggregator);
        await viewer.SendAsync(Subscribe);
        await viewer.UntilAsync(0x82, payload => DecodedFrame.Decode(payload).IsBackfillEnd);

        var frames = new List<DecodedFrame>();
        for (int value = 1; value <= 50; value++)
        {
            source.Append(series, TimeProvider.System.UnixNs(), (double)value);
            frames.Add(DecodedFrame.Decode(await viewer.UntilAsync(0x82)));
        }

        Assert.Equal("min 1 max 50 sum 1275 count 50", $"{GroundTruth.Received(frames, series.Id)}");
        Assert.Equal(frames.Select(frame => frame.Tick).Order(), frames.Select(frame => frame.Tick));
        long direct = aggregator.Get<StreamingCounters>().FramesSentDirectly;
        Assert.True(direct >= 49, $"{direct} of 50 frames were sent by the frame loop itself");
    }

    [Fact]
    public async Task Frames_SentByTheFrameLoop_AllocateNothingOnItsThread()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:QueueFramesMax=256");
        var source = new TestSource(aggregator.Get<TelemetryStore>());
        Series series = source.Add("value");
        using RawViewer viewer = await RawViewer.ConnectAsync(aggregator);
        await viewer.SendAsync(Subscribe);
        await viewer.UntilAsync(0x82, payload => DecodedFrame.Decode(payload).IsBackfillEnd);
        FrameLoop loop = aggregator.Get<FrameLoop>();
        StreamingCounters counters = aggregator.Get<StreamingCounters>();
        using var meter = new LoopMeter(loop);

        async Task SendAsync(int frames)
        {
            for (int value = 1; value <= frames; value++)
            {
                source.Append(series, TimeProvider.System.UnixNs(), (double)value);
                await viewer.UntilAsync(0x82);
            }
        }

        await SendAsync(30);
        meter.Read();
        long direct = counters.FramesSentDirectly;
        await SendAsync(120);
        meter.AssertNothingSinceRead();
        Assert.InRange(counters.FramesSentDirectly - direct, 119, 121);
    }

    [Fact]
    public async Task Ping_OfAClientThatIsSilent_IsSentAndWithoutAnAnswerItIsDisconnected()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Streaming:PingIntervalMs=200", "Streaming:PongTimeoutMs=2500");
        using (RawViewer viewer = await RawViewer.ConnectAsync(aggregator))
        {
            // Three pings of silence answered, and it is still there.
            for (int ping = 0; ping < 3; ping++)
            {
                await viewer.SendAsync(ClientFrames.Frame(0x8A, await viewer.UntilAsync(0x89)));
            }
            await viewer.SendAsync(ClientFrames.Frame(0x88, [0x03, 0xE8]));
            await viewer.UntilAsync(0x88);
        }
        Assert.Equal(0, aggregator.Get<StreamingCounters>().ClientsDisconnected);

        using RawViewer mute = await RawViewer.ConnectAsync(aggregator, answersPings: false);
        int pings = 0;
        while (await mute.ReceiveAsync() is { } frame)
        {
            pings += frame.First == 0x89 ? 1 : 0;
        }
        Assert.True(pings > 0, "It was never asked.");
        await Eventually.TrueAsync(() => aggregator.Get<StreamingCounters>().ClientsDisconnected == 1);
    }

    [Fact]
    public async Task Ping_OfAClient_IsAnsweredWithItsOwnBytes()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using RawViewer viewer = await RawViewer.ConnectAsync(aggregator);
        await viewer.SendAsync(ClientFrames.Frame(0x89, "are you there"u8.ToArray()));
        Assert.Equal("are you there", Encoding.ASCII.GetString(await viewer.UntilAsync(0x8A)));
    }

    [Fact]
    public async Task Close_OfAClient_IsAnsweredAndEndsTheConnection()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using RawViewer viewer = await RawViewer.ConnectAsync(aggregator);
        await viewer.SendAsync(ClientFrames.Frame(0x88, [0x03, 0xE8]));
        Assert.Equal("03E8", Convert.ToHexString(await viewer.UntilAsync(0x88)));
        Assert.Null(await viewer.ReceiveAsync());
        Assert.Equal(0, aggregator.Get<StreamingCounters>().ClientsDisconnected);
    }

    /// <summary>What the loop's thread allocates, read by a command on it: the command itself, its closure and its signal are made outside.</summary>
    private sealed class LoopMeter(FrameLoop loop) : IDisposable
    {
        private readonly ManualResetEventSlim _ran = new();
        private long _bytes;
        private int _collections;

        public void Read()
        {
            _ran.Reset();
            loop.Post(Note);
            Assert.True(_ran.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken), "The frame loop does not run.");
        }

        public void AssertNothingSinceRead()
        {
            (long bytes, int collections) = (_bytes, _collections);
            Read();
            // As AllocationMeter: a collection counts the unused rest of the thread's allocation context.
            Assert.InRange(_bytes - bytes, 0, (_collections - collections) * (long)AllocationMeter.ContextBytes);
        }

        public void Dispose() => _ran.Dispose();

        private void Note()
        {
            // Collections on the safe side of both reads: a collection between them only widens what is allowed.
            (_bytes, _collections) = (GC.GetAllocatedBytesForCurrentThread(), GC.CollectionCount(0));
            _ran.Set();
        }
    }
}
