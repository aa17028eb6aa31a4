using System.Collections.Concurrent;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// The one thread that makes live frames. It sleeps until samples arrive or a class is due, encodes each stream that has news once, and gives
/// the bytes to all that share it. Connections reach it through <see cref="Post"/>; nothing else touches streams and viewers.
/// </summary>
internal sealed partial class FrameLoop : IHostedService
{
    /// <summary>How often connections are looked at for lag, silence and stuck sockets.</summary>
    private const long WatchIntervalNs = 50_000_000;

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
        _registry = new StreamRegistry(store, reader, counters);
        _planner = new ViewerPlanner(_registry);
        _emitter = new StreamEmitter(store, _registry, reader, Pool, counters, time);
        _watch = new ViewerWatch(_planner, options, counters);
        _registry.SeriesRefused += _watch.TellRefused;
        _registry.UnitsKnown += _watch.TellUnits;
    }

    public FramePool Pool { get; }

    public long NowMs => NowNs / 1_000_000;

    public long UnixNs => _time.UnixNs();

    private long NowNs => (long)(_time.GetTimestamp() * (1e9 / _time.TimestampFrequency));

    /// <summary>The newest number given to a pass.</summary>
    public long Tick => Volatile.Read(ref _tick);

    public SeriesSet? TryFindSet(string key) => _registry.TryFindSet(key);

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
        if (_registry.Fastest is { } fastest && _schedule.IsFree(fastest, nowNs) && _arrivals.TryTake(out bool wasAwaited))
        {
            // What woke us may be the first of several agents that send at the same moment; what lay here already has waited long enough.
            _schedule.OnArrival(nowNs, wasAwaited && _store.Sources.Count > 1 ? _coalesceNs : 0);
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
            if (!_schedule.IsDue(rate, nowNs))
            {
                continue;
            }
            if (tick == 0)
            {
                tick = NextTick();
                _counters.OnTick();
                _registry.TakeNewSeries();
            }
            _counters.FrameLateness.Observe(long.Max(0, nowNs - _schedule.DueNs(rate)) / 1e9);
            frames += Emit(rate, tick);
            _schedule.OnEmitted(rate, nowNs);
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
        long untilNs = _watch.Viewers.Count > 0 ? _watchAtNs : long.MaxValue;       // who connects wakes us
        foreach (RateClass rate in RateClass.All)
        {
            if (_schedule.HasNews(rate) && _registry.StreamsOf(rate).Count > 0)
            {
                untilNs = long.Min(untilNs, _schedule.DueNs(rate));
            }
        }
        if (!_arrivals.IsAsked && _registry.Fastest is { } fastest)
        {
            // Until then arrivals need not wake anyone: they could not be sent yet.
            untilNs = long.Min(untilNs, _schedule.FreeNs(fastest));
        }
        int sleepMs = FrameSchedule.SleepMs(untilNs, nowNs);
        if (sleepMs > 0 && _commands.IsEmpty)
        {
            _wake.Wait(sleepMs);
        }
    }
}
