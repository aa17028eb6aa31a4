using System.Diagnostics;

namespace Observability.Aggregator.Diagnostics;

/// <summary>Moves <see cref="ServingState"/> with the host: serving once every port is open, draining before the first one closes.</summary>
internal sealed partial class Lifecycle(
    ServingState serving, IEnumerable<IDrain> drains, ShutdownOptions options, ILogger<Lifecycle> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        serving.MoveTo(ServingPhase.Serving);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        serving.MoveTo(ServingPhase.Draining);
        foreach (IDrain drain in drains)
        {
            long startedAt = Stopwatch.GetTimestamp();
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timeout.CancelAfter(options.DrainTimeoutMs);
            try
            {
                await drain.DrainAsync(timeout.Token);
                Log.Drained(logger, drain.Name, Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds);
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested)
            {
                Log.DrainTimedOut(logger, drain.Name, options.DrainTimeoutMs);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Drained {Feature} in {ElapsedMs:0} ms.")]
        public static partial void Drained(ILogger logger, string feature, double elapsedMs);

        [LoggerMessage(LogLevel.Warning, "Cannot drain {Feature} within {TimeoutMs} ms (Shutdown:DrainTimeoutMs); what is in flight is cut.")]
        public static partial void DrainTimedOut(ILogger logger, string feature, int timeoutMs);
    }
}
