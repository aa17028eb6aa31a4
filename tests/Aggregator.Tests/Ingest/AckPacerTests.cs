using Observability.Aggregator.Ingest;

namespace Observability.Aggregator.Tests.Ingest;

public sealed class AckPacerTests : IDisposable
{
    private readonly Clock _clock = new();
    private readonly AckPacer _pacer;

    public AckPacerTests() => _pacer = new AckPacer(new IngestOptions { AckIntervalMs = 100 }, _clock);

    [Theory]
    [InlineData(0)]
    [InlineData(51)]
    [InlineData(1000)]
    public void IsDue_SenderThatPushesRarelyOrNeverSaid_IsAlwaysDue(uint pushIntervalMs)
    {
        AckPacer.Stream stream = _pacer.Open(() => { });

        Assert.All(Enumerable.Range(0, 5), _ => Assert.True(stream.IsDue(pushIntervalMs)));
    }

    [Fact]
    public void IsDue_SenderThatPushesEvery20Ms_IsDueOnceAnInterval()
    {
        AckPacer.Stream stream = _pacer.Open(() => { });
        List<int> dueAtMs = [];
        for (int atMs = 0; atMs < 500; atMs += 20)
        {
            if (stream.IsDue(20))
            {
                dueAtMs.Add(atMs);
            }
            _clock.AdvanceMs(20);
        }
        Assert.Equal([0, 100, 200, 300, 400], dueAtMs);
    }

    [Fact]
    public void Timer_WakesOnlyTheStreamThatOwesAnAckForAnInterval()
    {
        int[] wakes = new int[2];
        AckPacer.Stream owing = _pacer.Open(() => wakes[0]++);
        AckPacer.Stream settled = _pacer.Open(() => wakes[1]++);
        Assert.True(owing.IsDue(20) & settled.IsDue(20));
        Assert.False(owing.IsDue(20));
        _clock.Elapse();
        Assert.Equal([0, 0], wakes);

        _clock.AdvanceMs(100);
        _clock.Elapse();
        Assert.Equal([1, 0], wakes);
        Assert.True(owing.IsDue(20));

        _clock.AdvanceMs(100);
        _clock.Elapse();
        Assert.Equal([1, 0], wakes);
    }

    [Fact]
    public void Timer_WithoutStreams_IsNotArmed()
    {
        Assert.False(_clock.IsArmed);
        AckPacer.Stream stream = _pacer.Open(() => { });
        Assert.True(_clock.IsArmed);
        _clock.Elapse();
        Assert.True(_clock.IsArmed);
        _pacer.Close(stream);
        _clock.Elapse();
        Assert.False(_clock.IsArmed);
    }

    public void Dispose() => _pacer.Dispose();

    private sealed class Clock : TimeProvider, ITimer
    {
        private long _nowMs = 1_000_000;
        private Action _callback = () => { };

        public bool IsArmed { get; private set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => _nowMs;

        public void AdvanceMs(long by) => _nowMs += by;

        public void Elapse()
        {
            IsArmed = false;
            _callback();
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _callback = () => callback(state);
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => IsArmed = true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
