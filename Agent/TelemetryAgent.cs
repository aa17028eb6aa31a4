using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Observability.Agent.Batching;
using Observability.Agent.Recording;
using Observability.Agent.Transport;

namespace Observability.Agent;

/// <summary>
/// Records metrics and streams them to an aggregator every push interval. One per service instance; safe for any number of threads.
/// After creation nothing here throws into the program, blocks it, or grows without bound: what cannot be kept is dropped and counted in
/// <see cref="Ledger"/>, and what the connection does is reported by <see cref="StateChanged"/>.
/// </summary>
public sealed class TelemetryAgent : IAsyncDisposable, IDisposable
{
    private readonly TelemetryAgentOptions _options;
    private readonly RecordingContext _context;
    private readonly InstrumentRegistry _registry;
    private readonly StandardMetrics _standard;
    private readonly BatchLog _log;
    private readonly LedgerBook _book;
    private readonly IntervalCollector _collector;
    private readonly BatchFramer _framer;
    private readonly ExchangeLoop _loop;
    private readonly PushThread _pushThread;
    private readonly Lock _lifeGate = new();
    private readonly string _id;
    private Task? _stopping;
    private bool _isStarted;
    private readonly StateReport _state;

    private TelemetryAgent(TelemetryAgentOptions options, Uri[] addresses)
    {
        _options = options;
        _id = $"{options.ServiceName}/{options.InstanceId}";
        var clock = new AgentClock(options.TimeProvider);
        _context = new RecordingContext(new GaugeBuffer(options.BufferSize), clock, new RecordingDrops(), new AgentLife());
        _registry = new InstrumentRegistry(_context, options.SeriesMax);
        _standard = new StandardMetrics(_registry, clock, options.PushIntervalMs);
        _log = new BatchLog(options.RetainedBytesMax, TimeSpan.FromMilliseconds(options.ReplayWindowMs), clock.MonotonicNs);
        _book = new LedgerBook(_log, _context);
        _collector = new IntervalCollector(_registry, _context, _standard, _log, options.BatchSize);
        var identity = new AgentIdentity(
            options.ServiceName, options.InstanceId, NewSessionId(), options.PushIntervalMs, clock.PreciseNs(), Sdk);
        _framer = new BatchFramer(identity, _registry, _book, clock);
        _state = new StateReport(Deliver);
        _loop = new ExchangeLoop(_log, _framer, clock, addresses, options) { OnState = _state.Set, OnFault = OnFault };
        _pushThread = new PushThread(TimeSpan.FromMilliseconds(options.PushIntervalMs), Push, OnFault);
    }

    /// <summary>Name and version of this SDK, as the aggregator shows it.</summary>
    public static string Sdk { get; } = $"dotnet/{typeof(TelemetryAgent).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>The service this agent speaks for.</summary>
    public string ServiceName => _options.ServiceName;

    /// <summary>The instance of the service.</summary>
    public string InstanceId => _options.InstanceId;

    /// <summary>Drawn at random when the agent is created; the aggregator counts each batch of a session once.</summary>
    public ulong SessionId => _framer.Identity.SessionId;

    /// <summary>What the connection is doing.</summary>
    public AgentState State => _state.State;

    /// <summary>What became of everything recorded: a snapshot.</summary>
    public AgentLedger Ledger => ReadLedger();

    /// <summary>
    /// Raised when the connection's state, or the reason for it, changes; on a thread of the agent. An exception thrown by a handler is
    /// reported as an event of the event source Observability-Agent and goes no further.
    /// </summary>
    public event EventHandler<AgentStateChangedEventArgs>? StateChanged;

    /// <summary>Creates an agent from environment variables.</summary>
    /// <exception cref="AgentOptionsException">A setting is out of range: one line that names it, its value and what is allowed.</exception>
    public static TelemetryAgent Create() => Create(TelemetryAgentOptions.FromEnvironment());

    /// <summary>Creates an agent from options.</summary>
    /// <exception cref="AgentOptionsException">An option is out of range: one line that names it, its value and what is allowed.</exception>
    public static TelemetryAgent Create(TelemetryAgentOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        TelemetryAgentOptions own = options.Copy();         // a later change of the caller's must not reach a running agent
        return new TelemetryAgent(own, own.Validate());
    }

    /// <summary>
    /// Starts connecting and waits for the first outcome: true when an aggregator has accepted the agent, false when none of the addresses
    /// answered, or the wait was cancelled. Never throws for an absent aggregator; the agent goes on trying by itself. Calling it is optional.
    /// </summary>
    public async Task<bool> ConnectAsync(CancellationToken cancellationToken = default)
    {
        lock (_lifeGate)
        {
            if (_stopping is not null)
            {
                return false;
            }
            _loop.Start();
        }
        try
        {
            return await _loop.Outcome.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Starts sending what is recorded, every push interval. Connects by itself. A second call does nothing.</summary>
    public void Start()
    {
        lock (_lifeGate)
        {
            if (_isStarted || _stopping is not null)
            {
                return;
            }
            _isStarted = true;
            _loop.Start();
            _pushThread.Start();
        }
    }

    /// <summary>
    /// Sends what is left and ends, within FLUSH_TIMEOUT_MS and a moment. What could not be delivered by then is dropped and counted.
    /// Recording stays harmless afterwards.
    /// </summary>
    public Task StopAsync()
    {
        lock (_lifeGate)
        {
            return _stopping ??= Task.Run(StopOnceAsync);
        }
    }

    /// <summary>Stops the agent.</summary>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    /// <summary>Stops the agent and waits for it; prefer <see cref="DisposeAsync"/>.</summary>
    public void Dispose() => StopAsync().GetAwaiter().GetResult();

    /// <summary>Counts a request from now until the scope is disposed; see <see cref="RequestScope"/>. Allocates nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RequestScope TrackRequest() => new(_standard.Tracker);

    /// <summary>Counts a request that was measured elsewhere.</summary>
    public void RecordRequest(TimeSpan elapsed, bool isError = false) => _standard.Tracker.Record(elapsed.TotalMilliseconds, isError);

    /// <summary>The counter of this name and labels.</summary>
    public CounterHandle Counter(string name, params ReadOnlySpan<(string Name, string Value)> labels) => _registry.Counter(name, "", labels);

    /// <summary>The counter of this name and labels, counting in a unit (UCUM: 1, By, s).</summary>
    public CounterHandle Counter(string name, string unit, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Counter(name, unit, labels);

    /// <summary>The gauge of this name and labels.</summary>
    public GaugeHandle Gauge(string name, params ReadOnlySpan<(string Name, string Value)> labels) => _registry.Gauge(name, "", labels);

    /// <summary>The gauge of this name and labels, in a unit (UCUM: 1, By, ms).</summary>
    public GaugeHandle Gauge(string name, string unit, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Gauge(name, unit, labels);

    /// <summary>The histogram of this name and labels.</summary>
    public HistogramHandle Histogram(string name, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Histogram(name, "", labels);

    /// <summary>The histogram of this name and labels, in a unit (UCUM: ms, By).</summary>
    public HistogramHandle Histogram(string name, string unit, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Histogram(name, unit, labels);

    /// <summary>Records a gauge's value. Keep a <see cref="GaugeHandle"/> where this is called very often.</summary>
    public void SetGauge(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Gauge(name, "", labels).Set(value);

    /// <summary>The same as <see cref="SetGauge"/>.</summary>
    public void RecordGauge(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Gauge(name, "", labels).Set(value);

    /// <summary>Adds 1 to a counter.</summary>
    public void IncCounter(string name, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Counter(name, "", labels).Add(1);

    /// <summary>Adds a count to a counter.</summary>
    public void IncCounter(string name, long count, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Counter(name, "", labels).Add(count);

    /// <summary>Takes over a counter's total that is counted elsewhere; a smaller one than before is a reset.</summary>
    public void RecordCounter(string name, long total, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Counter(name, "", labels).SetTotal(total);

    /// <summary>Records a measurement in a histogram.</summary>
    public void RecordHistogram(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Histogram(name, "", labels).Record(value);

    private static ulong NewSessionId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        ulong id = 0;
        while (id == 0)
        {
            RandomNumberGenerator.Fill(bytes);
            id = BitConverter.ToUInt64(bytes);
        }
        return id;
    }

    /// <summary>Collects what was recorded since the last push: the push thread's work. A test that makes its own time calls it instead.</summary>
    internal void Push()
    {
        if (_state.State != AgentState.Faulted)
        {
            _collector.Collect();
            _loop.Wake();
        }
    }

    private async Task StopOnceAsync()
    {
        try
        {
            if (_isStarted)
            {
                _pushThread.Stop();
            }
            await _loop.StopAsync(TimeSpan.FromMilliseconds(_options.FlushTimeoutMs)).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            OnFault(fault);
        }
        _context.Life.Stop();
        _log.DropPending(DropReason.NotDelivered);
        _state.Set(AgentState.Stopped, "Stopped.");
        _pushThread.Dispose();
        _loop.Dispose();
        _collector.Dispose();
        _log.Dispose();
        _context.Clock.Dispose();
    }

    private void OnFault(Exception fault)
    {
        _context.Drops.Count(DropReason.Fault);
        AgentEventSource.Log.Fault(ServiceName, InstanceId, fault.ToString());
        _state.Set(AgentState.Faulted, $"The agent met a fault and went quiet: {fault.Message}");
        _context.Life.Stop();
    }

    private void Deliver(AgentState state, string message)
    {
        AgentEventSource.Log.StateChanged(ServiceName, InstanceId, state.ToString(), message);
        try
        {
            StateChanged?.Invoke(this, new AgentStateChangedEventArgs(state, message));
        }
        catch (Exception thrown)
        {
            // The program's own handler: reported, and kept away from the stream.
            AgentEventSource.Log.StateHandlerThrew(ServiceName, InstanceId, thrown.ToString());
        }
    }

    private AgentLedger ReadLedger()
    {
        Span<long> dropped = stackalloc long[DropReasons.Count];
        LedgerTotals totals = _book.Read(dropped);
        var byReason = new Dictionary<string, long>(StringComparer.Ordinal);
        for (int i = 0; i < dropped.Length; i++)
        {
            if (dropped[i] != 0)
            {
                byReason.Add(DropReasons.Name(i), dropped[i]);
            }
        }
        return new AgentLedger
        {
            Recorded = totals.Recorded,
            Sent = totals.Log.Sent,
            Resent = totals.Log.Resent,
            Acknowledged = totals.Log.Acknowledged,
            AcknowledgedInServerSession = totals.Log.AcknowledgedInServerSession,
            Pending = totals.Pending,
            Replayed = totals.Log.Replayed,
            Dropped = totals.Dropped,
            DroppedByReason = byReason,
            Merged = _context.Drops.MergedCount,
            Reconnects = _loop.Reconnects,
            ServerSessionId = totals.Log.ServerSession,
            ClockOffset = TimeSpan.FromTicks(_framer.Estimate.OffsetNs / 100),
            RoundTrip = TimeSpan.FromTicks(_framer.Estimate.RoundTripNs / 100),
        };
    }

    /// <summary>service/instance.</summary>
    public override string ToString() => _id;
}
