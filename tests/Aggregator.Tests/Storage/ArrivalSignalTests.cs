using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Storage;

public sealed class ArrivalSignalTests
{
    private readonly ArrivalSignal _signal = new();

    [Fact]
    public void WaitAsync_AfterSeveralSignals_ReturnsOnce()
    {
        _signal.Signal();
        _signal.Signal();
        Assert.True(Wait(TestContext.Current.CancellationToken).IsCompletedSuccessfully);
        Assert.False(Wait(TestContext.Current.CancellationToken).IsCompleted);
        _signal.Signal();
    }

    [Fact]
    public async Task WaitAsync_BeforeASignal_IsWokenByIt()
    {
        Task wait = Wait(TestContext.Current.CancellationToken);
        _signal.Signal();
        await wait.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.False(Wait(TestContext.Current.CancellationToken).IsCompleted);
    }

    [Fact]
    public async Task WaitAsync_Cancelled_ThrowsAndTheNextWaitWorks()
    {
        using CancellationTokenSource cancellation = new();
        Task wait = Wait(cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
        _signal.Signal();
        Assert.True(Wait(TestContext.Current.CancellationToken).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Signal_FromManyThreads_NeverLosesTheLastOne()
    {
        long published = 0;
        const long Total = 200_000;
        Task[] writers =
        [
            .. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
            {
                for (long i = 0; i < Total / 2; i++)
                {
                    Interlocked.Increment(ref published);
                    _signal.Signal();
                }
            })),
        ];
        using CancellationTokenSource timeout = new(TimeSpan.FromSeconds(30));
        while (Volatile.Read(ref published) < Total)
        {
            await _signal.WaitAsync(timeout.Token);    // Throws when a signal was lost: nobody would wake this loop.
        }
        await Task.WhenAll(writers);
    }

    private Task Wait(CancellationToken cancellationToken) => _signal.WaitAsync(cancellationToken).AsTask();
}
