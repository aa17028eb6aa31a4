namespace Observability.Aggregator.Storage;

/// <summary>Runs the sealer on a thread of its own while the process lives.</summary>
internal sealed class SealerService(HistorySealer sealer, StorageOptions options, TimeProvider time) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Thread? _thread;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "history sealer" };
        _thread.Start();
        return Task.CompletedTask;
    }

    /// <summary>Returns when the thread has ended, however long: whoever stops after it uses the sealer too. A pass is broken off, so that it is not long.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _stop.Cancel();
        _thread?.Join();
        return Task.CompletedTask;
    }

    public void Dispose() => _stop.Dispose();

    private void Run()
    {
        CancellationToken stop = _stop.Token;
        while (!stop.WaitHandle.WaitOne(options.SealIntervalMs))
        {
            sealer.PassUntil((time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100, stop);
        }
    }
}
