using Microsoft.Extensions.Hosting;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Observability.ServiceDefaults;

/// <summary>
/// Sends what is left of the process's own telemetry after everything else has stopped, all signals at once and for at most
/// <see cref="TimeMax"/> together. Left to themselves the providers wait one after another, for seconds each, where a collector accepts
/// connections and does not answer: whoever runs the process may have killed it by then.
/// </summary>
/// <remarks>It is created after the providers and so disposed before them: a start that fails is held up no longer than a stop.</remarks>
internal sealed class LastFlush(LoggerProvider logs, MeterProvider metrics, TracerProvider traces) : IHostedLifecycleService, IDisposable
{
    public static readonly TimeSpan TimeMax = TimeSpan.FromMilliseconds(500);

    private bool _isDone;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        if (_isDone)
        {
            return;
        }
        _isDone = true;
        int timeoutMs = (int)TimeMax.TotalMilliseconds;
        // Threads of their own: those of the pool may be busy. They are background threads, and nobody waits for one that is late.
        Thread[] flushes =
        [
            new(() => logs.Shutdown(timeoutMs)) { IsBackground = true },
            new(() => metrics.Shutdown(timeoutMs)) { IsBackground = true },
            new(() => traces.Shutdown(timeoutMs)) { IsBackground = true },
        ];
        long deadline = Environment.TickCount64 + timeoutMs;
        foreach (Thread flush in flushes)
        {
            flush.Start();
        }
        foreach (Thread flush in flushes)
        {
            flush.Join((int)long.Max(0, deadline - Environment.TickCount64));
        }
    }
}
