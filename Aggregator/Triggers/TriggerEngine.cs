using System.Collections.Concurrent;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Triggers;

/// <summary>
/// The one thread that judges samples. Each <see cref="TriggerOptions.EvaluateEveryMs"/> it looks at every new sample of every watched
/// series; without a rule it sleeps. Rules and questions reach it through <see cref="RunAsync"/>; nothing else touches its state.
/// </summary>
internal sealed class TriggerEngine : IHostedService, IDisposable
{
    /// <summary>Samples that arrive this much later than their timestamp still make it into a capture.</summary>
    private const long CaptureGraceNs = 250_000_000;
    private const int SleepWithoutRulesMs = 1000;

    private readonly TelemetryStore _store;
    private readonly TriggerOptions _options;
    private readonly TriggerEvents _events;
    private readonly TimeProvider _time;
    private readonly LoopThread _thread;
    private readonly CaptureReader _captures;
    private readonly SeriesJudge _judge;
    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly List<RuleWatch> _rules = [];
    private readonly List<PendingCapture> _pending = [];
    private uint _seriesSeen;
    private long _leftSeen;

    public TriggerEngine(
        TelemetryStore store, TriggerOptions options, TriggerEvents events, TimeProvider time,
        IHostApplicationLifetime lifetime, ILogger<TriggerEngine> logger)
    {
        _store = store;
        _options = options;
        _events = events;
        _time = time;
        _thread = new LoopThread(nameof(TriggerEngine), lifetime, logger);
        _captures = new CaptureReader(store, options);
        _judge = new SeriesJudge(store, events.Counters);
    }

    /// <summary>The rules at work. Only inside <see cref="RunAsync"/>.</summary>
    public IReadOnlyList<RuleWatch> Rules => _rules;

    /// <summary>Puts a rule to work, in the place of the one with the same id if there is one.</summary>
    public void Set(TriggerRule rule)
    {
        var watch = new RuleWatch(rule, _options.SeriesPerRuleMax);
        foreach (Series series in _store.AllSeries)
        {
            if (series.Id <= _seriesSeen)
            {
                watch.Offer(series, isNew: false);
            }
        }
        int index = _rules.FindIndex(one => one.Rule.Id == rule.Id);
        if (index < 0)
        {
            _rules.Add(watch);
        }
        else
        {
            watch.FiringsTotal = _rules[index].FiringsTotal;
            EndAll(_rules[index], "rule changed");
            _rules[index] = watch;
        }
        _events.Changed();
    }

    public void Remove(string id)
    {
        int index = _rules.FindIndex(one => one.Rule.Id == id);
        if (index >= 0)
        {
            EndAll(_rules[index], "rule changed");
            _rules.RemoveAt(index);
            _events.Changed();
        }
    }

    /// <summary>Runs the question on the engine's thread, between two passes.</summary>
    public async Task<T> RunAsync<T>(Func<T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _commands.Enqueue(() => answer.SetResult(question()));
        _wake.Set();
        await Task.WhenAny(answer.Task, _thread.Stopped);
        return answer.Task.IsCompleted
            ? await answer.Task
            : throw new OperationCanceledException("Cannot answer about triggers, because the aggregator is ending.");
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _thread.Start(RunOnce);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _thread.StopAsync(() => _wake.Set(), cancellationToken);

    public void Dispose() => _wake.Dispose();

    /// <summary>Looks once at everything that is new.</summary>
    internal void Pass()
    {
        OfferNewSeries();
        long nowNs = _time.UnixNs();
        foreach (RuleWatch rule in _rules)
        {
            foreach (SeriesWatch watch in rule.Watches)
            {
                Judge(rule, watch, nowNs);
            }
        }
        TakeCaptures(nowNs);
    }

    private void RunOnce()
    {
        while (_commands.TryDequeue(out Action? command))
        {
            OfferNewSeries();
            command();
        }
        if (_rules.Count > 0 || _pending.Count > 0)
        {
            Pass();
        }
        _wake.WaitOne(_rules.Count > 0 || _pending.Count > 0 ? _options.EvaluateEveryMs : SleepWithoutRulesMs);
    }

    private void OfferNewSeries()
    {
        foreach (Series series in _store.SeriesAfter(_seriesSeen))
        {
            _seriesSeen = series.Id;
            foreach (RuleWatch rule in _rules)
            {
                rule.Offer(series, isNew: true);
            }
        }
        if (_store.Catalog.EvictedSeries is long left && left != _leftSeen)
        {
            _leftSeen = left;
            foreach (RuleWatch rule in _rules)
            {
                // What still fires ends first, for want of data, and goes the next time.
                rule.Watches.RemoveAll(watch => watch.Series.IsEvicted && watch.State == WatchState.Inactive);
            }
        }
    }

    private void Judge(RuleWatch rule, SeriesWatch watch, long nowNs)
    {
        _judge.Begin(watch);
        while (_judge.Next(watch, out WatchChange change))
        {
            Apply(rule, watch, change);
        }
        if (watch.State == WatchState.Inactive)
        {
            return;
        }
        watch.Current?.SetPeak(watch.Peak);
        if (watch.Series.IsStale(nowNs) && watch.Forget() == WatchChange.Ended)
        {
            End(watch, "no data");
        }
    }

    private void Apply(RuleWatch rule, SeriesWatch watch, WatchChange change)
    {
        if (change == WatchChange.Ended)
        {
            End(watch, "cleared");
            return;
        }
        rule.FiringsTotal++;
        long nowNs = _time.UnixNs();
        Firing firing = watch.Current = _events.Fire(rule.Rule, watch, nowNs);
        if (_pending.Count == _options.CapturesPendingMax)
        {
            _events.Log.Drop(firing);
            return;
        }
        // By the aggregator's clock, whatever the agent's says: this much later the seconds after have arrived.
        _pending.Add(new PendingCapture(firing, watch.Series, nowNs + rule.Rule.AfterNs + CaptureGraceNs));
    }

    private void End(SeriesWatch watch, string why)
    {
        if (watch.Current is { } firing)
        {
            firing.SetPeak(watch.Peak);
            watch.Current = null;
            _events.End(firing, watch.NewestNs, why);
        }
    }

    private void EndAll(RuleWatch rule, string why)
    {
        foreach (SeriesWatch watch in rule.Watches)
        {
            End(watch, why);
        }
    }

    private void TakeCaptures(long nowNs)
    {
        for (int i = _pending.Count - 1; i >= 0; i--)
        {
            PendingCapture pending = _pending[i];
            if (pending.DueNs <= nowNs)
            {
                _pending.RemoveAt(i);
                _events.Log.Keep(_captures.Read(pending.Firing, pending.Series));
                _events.Changed();
            }
        }
    }

    private sealed record PendingCapture(Firing Firing, Series Series, long DueNs);
}
