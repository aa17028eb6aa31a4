using System.Collections.Concurrent;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Frames;
using Observability.Aggregator.Streaming.Viewers;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// The one thread that makes live frames. It sleeps until samples arrive or a class is due, encodes each stream that has news once, and gives
/// the bytes to all that share it. Connections reach it through <see cref="Post"/>; nothing else touches streams and viewers.
/// </summary>
internal sealed class FrameLoop : IHostedService
{
    /// <summary>How often connections are looked at for lag, silence and stuck sockets.</summary>
    private const long WatchIntervalNs = 50_000_000;

    /// <summary>A signal is visible a moment before it wakes: it may be the one that ended the sleep's time.</summary>
    private const int WakeOnItsWayMs = 1;

    private readonly TelemetryStore _store;
    private readonly StreamingCounters _counters;
    private readonly TimeProvider _time;
    private readonly LoopThread _thread;
    private readonly long _coalesceNs;
    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly Func<long> _nextTick;
    private readonly WakeSignal _wake = new();
    private readonly FrameSchedule _schedule = new();
    private readonly ArrivalSignal _arrivals;
    private readonly StreamRegistry _registry;
    private readonly ViewerPlanner _planner;
    private readonly StreamEmitter _emitter;
    private readonly ViewerWatch _watch;
    private long _tick;
    private long _watchAtNs;

    public FrameLoop(
        TelemetryStore store, StreamingOptions options, StreamingCounters counters, TimeProvider time,
        IHostApplicationLifetime lifetime, ILogger<FrameLoop> logger)
    {
        _store = store;
        _counters = counters;
        _time = time;
        _thread = new LoopThread(nameof(FrameLoop), lifetime, logger);
        _coalesceNs = options.CoalesceMs * 1_000_000L;
        Pool = new FramePool(options.FramePoolBytesMax);
        _nextTick = NextTick;
        var reader = new SeriesReader(store);
        _arrivals = store.Arrivals;
        _arrivals.Serve(_wake.Set);
        Sets = new SeriesSets(store, counters);
        _registry = new StreamRegistry(Sets, reader);
        _planner = new ViewerPlanner(_registry, Sets);
        _emitter = new StreamEmitter(store, _registry, reader, Pool, counters, time);
        _watch = new ViewerWatch(_planner, options, counters);
        Sets.SeriesRefused += _watch.SendRefused;
        Sets.UnitsKnown += _watch.SendUnits;
    }

    public FramePool Pool { get; }

    public SeriesSets Sets { get; }

    public long NowMs => NowNs / 1_000_000;

    public long UnixNs => _time.UnixNs();

    private long NowNs => (long)(_time.GetTimestamp() * (1e9 / _time.TimestampFrequency));

    /// <summary>The newest number given to a pass.</summary>
    public long Tick => Volatile.Read(ref _tick);

    /// <summary>Runs the command on the loop's thread, between two passes.</summary>
    public void Post(Action command)
    {
        _commands.Enqueue(command);
        _wake.Set();
    }

    /// <summary>As <see cref="Post"/>, and returns once it ran. Each connection waits for its own, which bounds how many there are.</summary>
    public async Task RunAsync(Action command)
    {
        var ran = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            command();
            ran.SetResult();
        });
        // After the stop nobody runs commands; what they would have changed is gone too.
        await Task.WhenAny(ran.Task, _thread.Stopped);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _thread.Start(RunOnce, ThreadPriority.AboveNormal);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _thread.StopAsync(_wake.Set, cancellationToken);

    // What connections ask of the loop. All but SubscribeAsync run on its thread, as commands.

    public void Add(Viewer viewer) => _watch.Viewers.Add(viewer);

    public void Remove(Viewer viewer)
    {
        _watch.Viewers.Remove(viewer);
        _planner.Remove(viewer);
    }

    public async Task<Subscription> SubscribeAsync(Viewer viewer, long? id, SeriesSet set, RateClass rate, long? fromNs)
    {
        Subscription? subscription = null;
        await RunAsync(() =>
        {
            subscription = new Subscription(id, Sets.Acquire(set), rate, fromNs);
            viewer.Subscriptions.Add(subscription);
            _planner.Replan(viewer, NextTick());
        });
        return subscription ?? throw new OperationCanceledException("The frame loop has stopped.");
    }

    public void Unsubscribe(Viewer viewer, Subscription subscription)
    {
        if (viewer.Subscriptions.Remove(subscription))
        {
            Sets.Release(subscription.Set);
            _planner.Replan(viewer, NextTick());
        }
    }

    /// <summary>Its socket has taken what waited: back on its streams.</summary>
    public void Rejoin(Viewer viewer)
    {
        viewer.IsDetached = false;
        _planner.Replan(viewer, NextTick());
    }

    /// <summary>A last frame of every class, due or not, before the connections are closed.</summary>
    public void EmitAll()
    {
        foreach (RateClass rate in RateClass.All)
        {
            Emit(rate, NextTick());
        }
    }

    private void RunOnce()
    {
        RunCommands();
        Pass();
        Sleep();
    }

    private void RunCommands()
    {
        while (_commands.TryDequeue(out Action? command))
        {
            _registry.TakeNewSeries();
            command();
        }
    }

    private void Pass()
    {
        long nowNs = NowNs;
        if (_registry.Fastest is { } fastest)
        {
            _schedule.Take(_arrivals, fastest, nowNs, _store.Sources.Count > 1 ? _coalesceNs : 0);
        }
        EmitDue(nowNs);
        if (nowNs >= _watchAtNs)
        {
            _watchAtNs = nowNs + WatchIntervalNs;
            _watch.Look(_nextTick, nowNs / 1_000_000, UnixNs);
        }
    }

    private void EmitDue(long nowNs)
    {
        long tick = 0;
        int frames = 0;
        foreach (RateClass rate in RateClass.All)
        {
            if (_registry.StreamsOf(rate).Count == 0 || !_schedule.IsDue(rate, nowNs))
            {
                continue;
            }
            if (tick == 0)
            {
                tick = NextTick();
                _counters.OnTick();
                _registry.TakeNewSeries();
            }
            int made = Emit(rate, tick);
            if (made > 0)
            {
                _counters.FrameLateness.Observe(long.Max(0, nowNs - _schedule.DueNs(rate)) / 1e9);
            }
            frames += made;
            _schedule.OnLooked(rate, nowNs, made > 0);
        }
        if (frames > 0)
        {
            long elapsedNs = NowNs - nowNs;
            _counters.OnPass(elapsedNs / 1e9);
            if (elapsedNs > RateClass.Fastest.PeriodNs)
            {
                _counters.OnOverrun();
            }
        }
    }

    private int Emit(RateClass rate, long tick)
    {
        // Before the cursors move: those who are full are to go on from here.
        foreach (Viewer viewer in _emitter.FindFull(rate))
        {
            _watch.OnQueueFull(viewer, NextTick, NowMs);
        }
        int frames = _emitter.Emit(rate, tick);
        foreach (Viewer viewer in _emitter.ToPlan)
        {
            _planner.Replan(viewer, NextTick());
        }
        _emitter.ToPlan.Clear();
        return frames;
    }

    private long NextTick()
    {
        Volatile.Write(ref _tick, _tick + 1);
        return _tick;
    }

    private void Sleep()
    {
        long nowNs = NowNs;
        long untilNs = _watch.Viewers.Count > 0 ? _watchAtNs : long.MaxValue;       // a new viewer wakes us
        RateClass? fastest = _registry.Fastest;
        foreach (RateClass rate in RateClass.All)
        {
            if (_registry.StreamsOf(rate).Count > 0)
            {
                untilNs = long.Min(untilNs, _schedule.ActNs(rate, rate == fastest, _arrivals));
            }
        }
        int sleepMs = FrameSchedule.SleepMs(untilNs, nowNs);
        if (sleepMs > 0 && _commands.IsEmpty && !_wake.Wait(sleepMs) && _arrivals.IsAnswered && !_wake.Wait(WakeOnItsWayMs))
        {
            _counters.OnWakeMissed();
        }
    }
}

/// <summary>Wakes one sleeping thread; a signal before the sleep makes it return at once. Any thread sets it, at any time.</summary>
internal sealed class WakeSignal
{
    private readonly object _lock = new();
    private bool _isSet;

    public void Set()
    {
        lock (_lock)
        {
            _isSet = true;
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Returns false when the time was over before anyone signalled.</summary>
    public bool Wait(int timeoutMs)
    {
        lock (_lock)
        {
            if (!_isSet)
            {
                Monitor.Wait(_lock, timeoutMs);
            }
            bool wasSet = _isSet;
            _isSet = false;
            return wasSet;
        }
    }
}
