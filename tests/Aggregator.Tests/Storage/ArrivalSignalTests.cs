using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Storage;

public sealed class ArrivalSignalTests
{
    private readonly ArrivalSignal _signal = new();
    private int _wakes;

    public ArrivalSignalTests() => _signal.Serve(() => Interlocked.Increment(ref _wakes));

    [Fact]
    public void TryTake_AfterSeveralSignals_IsTrueOnceAndNobodyWasWoken()
    {
        _signal.Signal();
        _signal.Signal();
        Assert.True(_signal.TryTake(out bool wasAwaited));
        Assert.False(wasAwaited);
        Assert.False(_signal.IsAsked);
        Assert.False(_signal.TryTake(out _));
        Assert.Equal(0, _wakes);
    }

    [Fact]
    public void Signal_AfterAQuestion_WakesTheLoopOnceOnTheSignallingThread()
    {
        Assert.False(_signal.TryTake(out _));
        Assert.True(_signal.IsAsked);
        Assert.False(_signal.TryTake(out _));
        _signal.Signal();
        _signal.Signal();
        Assert.Equal(1, _wakes);
        Assert.True(_signal.TryTake(out bool wasAwaited));
        Assert.True(wasAwaited);
        _signal.Signal();
        Assert.Equal(1, _wakes);
        Assert.True(_signal.TryTake(out wasAwaited));
        Assert.False(wasAwaited);
    }

    [Fact]
    public void Serve_ASecondLoop_IsRefused() => Assert.Throws<InvalidOperationException>(() => _signal.Serve(() => { }));

    [Fact]
    public async Task Signal_FromManyThreads_NeverLosesTheLastOne()
    {
        long published = 0;
        const long Total = 200_000;
        using var woken = new AutoResetEvent(initialState: false);
        var signal = new ArrivalSignal();
        signal.Serve(() => woken.Set());
        Task[] writers =
        [
            .. Enumerable.Range(0, 2).Select(_ => Task.Run(
                () =>
                {
                    for (long i = 0; i < Total / 2; i++)
                    {
                        Interlocked.Increment(ref published);
                        signal.Signal();
                    }
                },
                TestContext.Current.CancellationToken)),
        ];
        long seen = 0;
        while (seen < Total)
        {
            if (!signal.TryTake(out _))
            {
                Assert.True(woken.WaitOne(TimeSpan.FromSeconds(30)), "A signal was lost: nobody woke the loop.");
                continue;
            }
            seen = Volatile.Read(ref published);
        }
        await Task.WhenAll(writers);
    }
}
