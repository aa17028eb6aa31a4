namespace Observability.Aggregator.Storage;

/// <summary>Runs the sealer on a thread of its own while the process lives.</summary>
internal sealed class SealerService(HistorySealer sealer, StorageOptions options, TimeProvider time) : IHostedService, IDisposable
{
    private readonly ManualResetEventSlim _stop = new();
    private Thread? _thread;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "history sealer" };
        _thread.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _stop.Set();
        _thread?.Join(TimeSpan.FromSeconds(5));
        return Task.CompletedTask;
    }

    public void Dispose() => _stop.Dispose();

    private void Run()
    {
        while (!_stop.Wait(options.SealIntervalMs))
        {
            sealer.Pass((time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100);
        }
    }
}
