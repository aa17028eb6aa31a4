using System.Diagnostics;

namespace Observability.Aggregator.Triggers;

/// <summary>
/// Where firings go: the history, the webhooks, and whoever waits for news. The engine's thread tells; waiters are any threads.
/// </summary>
internal sealed class TriggerEvents(FiringLog log, TriggerCounters counters, WebhookQueue webhooks)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = NewSource();
    private long _version;

    public FiringLog Log { get; } = log;

    public TriggerCounters Counters { get; } = counters;

    /// <summary>Grows with every change of rules, firings and captures.</summary>
    public long Version => Volatile.Read(ref _version);

    public Firing Fire(TriggerRule rule, SeriesWatch watch, long nowNs)
    {
        SeriesIdentity series = SeriesIdentity.Of(watch.Series);
        Firing firing = Log.Add(id => new Firing(id, rule, series, watch.SinceNs, watch.NewestNs, watch.Value) { FiredNs = nowNs });
        webhooks.Tell(firing, isEnd: false);
        Changed();
        return firing;
    }

    public void End(Firing firing, long timestampNs, string why)
    {
        firing.Finish(timestampNs, why);
        webhooks.Tell(firing, isEnd: true);
        Changed();
    }

    public void Changed()
    {
        TaskCompletionSource waiters;
        lock (_gate)
        {
            _version++;
            waiters = _changed;
            _changed = NewSource();
        }
        waiters.SetResult();
    }

    /// <summary>Returns once the version is another than the one seen.</summary>
    public Task WaitAsync(long versionSeen, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Debug.Assert(versionSeen <= _version, "A version is never taken back.");
            return _version == versionSeen ? _changed.Task.WaitAsync(cancellationToken) : Task.CompletedTask;
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
