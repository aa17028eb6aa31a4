using Grpc.Core;
using Observability.Agent.Batching;
using Observability.Agent.Recording;

namespace Observability.Agent.Transport;

/// <summary>
/// Keeps one Exchange stream open: tries the addresses in order, waits longer after each round that failed, and reports every change of state.
/// One task, from <see cref="Start"/> to <see cref="StopAsync"/>.
/// </summary>
internal sealed class ExchangeLoop(BatchLog log, BatchFramer framer, AgentClock clock, Uri[] addresses, TelemetryAgentOptions options) : IDisposable
{
    /// <summary>How long a half-closed stream may take to end when the agent stops.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromMilliseconds(250);

    /// <summary>How often a stream is looked at: whether it waits for an Ack too long, or could report because it is idle.</summary>
    private static readonly TimeSpan WatchPeriodMax = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan FlushPoll = TimeSpan.FromMilliseconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _stopped = new();
    private readonly TimeSpan _ackTimeout = TimeSpan.FromMilliseconds(options.AckTimeoutMs);
    private readonly RefusedBatchPolicy _refusedBatches = new();
    private readonly Backoff _backoff = new(
        TimeSpan.FromMilliseconds(options.ReconnectDelayMinMs), TimeSpan.FromMilliseconds(options.ReconnectDelayMaxMs), NewRandom(options));
    private readonly Signal _wake = new();
    private volatile TaskCompletionSource<bool> _outcome = NewOutcome();
    private volatile ExchangeStream? _stream;
    private volatile bool _isFinishing;
    private Task? _running;
    private int _address;
    private int _failedInRound;
    private long _acceptedStreams;

    /// <summary>Called at every change of state, with a sentence for people.</summary>
    public required Action<AgentState, string> OnState { get; init; }

    /// <summary>Called when a bug of ours has ended the loop.</summary>
    public required Action<Exception> OnFault { get; init; }

    /// <summary>Streams accepted after the first.</summary>
    public long Reconnects => Math.Max(0, Interlocked.Read(ref _acceptedStreams) - 1);

    /// <summary>Completes with true once an aggregator has accepted the agent, with false when all addresses have failed once.</summary>
    public Task<bool> Outcome => _outcome.Task;

    /// <summary>Says that there may be something to send: the stream sends it on this thread.</summary>
    public void Wake() => _wake.Set();

    public void Start() => _running ??= RunDetached();

    /// <summary>Waits until all is acknowledged, no longer than the time given, and ends the stream.</summary>
    public async Task StopAsync(TimeSpan flushTimeout)
    {
        if (_running is null)
        {
            return;
        }
        await _stopping.CancelAsync().ConfigureAwait(false);
        long startedAt = options.TimeProvider.GetTimestamp();
        while (log.HasPending && !_running.IsCompleted && options.TimeProvider.GetElapsedTime(startedAt) < flushTimeout)
        {
            await Task.Delay(FlushPoll, options.TimeProvider).ConfigureAwait(false);
        }
        _isFinishing = true;
        _stream?.End();
        await Task.WhenAny(_running, Task.Delay(CloseTimeout, options.TimeProvider)).ConfigureAwait(false);
        await _stopped.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _stopped.Dispose();
        framer.Dispose();
    }

    // Without the caller's execution context: what the host keeps in it (a request's trace, say) is not kept alive by a stream that lives as long as the process.
    private Task RunDetached()
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return Task.Run(RunAsync);
        }
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(RunAsync);
        }
    }

    private async Task RunAsync()
    {
        try
        {
            await RunStreamsAsync().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            // A bug of ours: the agent goes quiet, its host goes on.
            OnFault(fault);
        }
        _outcome.TrySetResult(false);
    }

    private async Task RunStreamsAsync()
    {
        OnState(AgentState.Connecting, $"Connecting to {addresses[_address]}.");
        while (!_stopped.IsCancellationRequested)
        {
            bool isLast = _stopping.IsCancellationRequested;
            StreamEnd end = await RunStreamAsync(addresses[_address]).ConfigureAwait(false);
            if (isLast || (_stopping.IsCancellationRequested && !log.HasPending))
            {
                return;
            }
            _refusedBatches.OnStreamEnd(end);
            await WaitForNextAsync(end).ConfigureAwait(false);
        }
    }

    private async Task<StreamEnd> RunStreamAsync(Uri address)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(_stopped.Token);
        using var call = new ExchangeCall(address, options.ApiKey, TimeSpan.FromMilliseconds(options.ConnectTimeoutMs), giveUp.Token);
        var stream = new ExchangeStream(log, framer, _refusedBatches, _wake, clock, call);
        Task<StreamEnd> running = stream.RunAsync(giveUp);
        _stream = stream;
        if (_isFinishing)
        {
            stream.End();
        }
        string? gaveUp = await WatchAsync(stream, running, address, giveUp).ConfigureAwait(false);
        StreamEnd end = await running.ConfigureAwait(false);
        _stream = null;
        return gaveUp is null ? end : end with { Status = new Status(StatusCode.Unavailable, gaveUp) };
    }

    // Gives up a stream whose aggregator has gone silent, and returns the reason then.
    private async Task<string?> WatchAsync(ExchangeStream stream, Task running, Uri address, CancellationTokenSource giveUp)
    {
        TimeSpan period = TimeSpan.FromTicks(Math.Min(WatchPeriodMax.Ticks, _ackTimeout.Ticks / 4));
        bool isDecided = false;                         // then Accepted, which stays completed, is no longer waited for
        while (!running.IsCompleted)
        {
            Task delay = Task.Delay(period, options.TimeProvider, CancellationToken.None);      // with a token it would be over at once after giving up, and this loop spin
            await (isDecided ? Task.WhenAny(running, delay) : Task.WhenAny(running, delay, stream.Accepted)).ConfigureAwait(false);
            if (!isDecided && stream.Accepted.IsCompleted)
            {
                isDecided = true;
                if (await stream.Accepted.ConfigureAwait(false))
                {
                    OnAccepted(address);
                }
            }
            if (!running.IsCompleted && stream.AwaitingAck(clock.MonotonicNs()) > _ackTimeout)
            {
                await giveUp.CancelAsync().ConfigureAwait(false);
                return $"It has not acknowledged anything for {_ackTimeout.TotalSeconds} s.";
            }
            _wake.Set();
        }
        return null;
    }

    private void OnAccepted(Uri address)
    {
        Interlocked.Increment(ref _acceptedStreams);
        _failedInRound = 0;
        OnState(AgentState.Connected, $"Connected to {address}.");
        _outcome.TrySetResult(true);
    }

    private async Task WaitForNextAsync(StreamEnd end)
    {
        Uri failed = addresses[_address];
        _address = (_address + 1) % addresses.Length;
        if (end.HasProgress)
        {
            _backoff.Reset();
        }
        if (_outcome.Task.IsCompleted)
        {
            _outcome = NewOutcome();
        }
        OnState(AgentState.Waiting, $"Cannot stream to {failed}: {end.Reason}.{end.Remedy} Trying again; what is recorded meanwhile is kept.");
        _failedInRound++;
        if (_failedInRound < addresses.Length && !end.IsAccepted)
        {
            return;                                     // another address first
        }
        _failedInRound = 0;
        _outcome.TrySetResult(false);
        TimeSpan delay = end.IsRefusal ? _backoff.NextRefused() : _backoff.Next();
        if (end.Pushback is { } pushback && pushback > delay)
        {
            delay = pushback;
        }
        await Task.Delay(delay, options.TimeProvider, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // CA5394: a seed is for tests; otherwise the numbers only spread attempts to connect.
#pragma warning disable CA5394
    private static Random NewRandom(TelemetryAgentOptions options) => options.RandomSeed is { } seed ? new Random(seed) : new Random();
#pragma warning restore CA5394

    private static TaskCompletionSource<bool> NewOutcome() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
