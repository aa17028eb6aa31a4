using System.Runtime.CompilerServices;
using Grpc.Core;
using Observability.Agent.Batching;
using Observability.Agent.Recording;

namespace Observability.Agent.Transport;

/// <summary>
/// One Exchange call, from declarations to its end. One task writes and one reads. First all series are declared; the Ack of that
/// shows which batches the aggregator has already and whether it has lost its memory; then batches are replayed if so, and the pending ones sent.
/// </summary>
internal sealed class ExchangeStream(
    BatchLog log, BatchFramer framer, RefusedBatchPolicy refusedBatches, Signal wake, AgentClock clock, ExchangeCall call)
{
    /// <summary>The longest pause an aggregator can ask for.</summary>
    internal const uint RetryAfterMsMax = 60_000;

    private readonly TaskCompletionSource<bool> _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _awaitingSinceNs;
    private long _sentNs;
    private long _resumeAtNs;
    private ulong _serverSession;
    private long _sentBatches;
    private volatile bool _hasProgress;
    private bool _hasReplayed;
    private volatile bool _isEnding;
    private Status? _failure;

    /// <summary>Completes with true when the aggregator has answered the declarations, with false when the stream ended before.</summary>
    public Task<bool> Accepted => _accepted.Task;

    /// <summary>For how long the oldest unanswered message has waited.</summary>
    public TimeSpan AwaitingAck(long nowNs)
    {
        long sinceNs = Volatile.Read(ref _awaitingSinceNs);
        return sinceNs == 0 ? TimeSpan.Zero : TimeSpan.FromTicks((nowNs - sinceNs) / 100);
    }

    /// <summary>Asks the writer to half-close the stream once nothing is left to send.</summary>
    public void End()
    {
        _isEnding = true;
        wake.Set();
    }

    /// <summary>Runs until the call ends; cancelling the source, whose token the call has too, ends it.</summary>
    public async Task<StreamEnd> RunAsync(CancellationTokenSource giveUp)
    {
        framer.BeginStream();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(giveUp.Token);
        ended.Token.UnsafeRegister(static signal => ((Signal)signal!).Set(), wake);
        Task reading = ReadAcksAsync(giveUp, ended);
        await WriteAsync(ended.Token).ConfigureAwait(false);
        await reading.ConfigureAwait(false);
        return new StreamEnd(_failure ?? call.Status, _serverSession, _sentBatches, _hasProgress, _hasReplayed, call.Pushback);
    }

    // Each step returns false when the call has ended; its status, which RunAsync returns, says why.
    private async Task WriteAsync(CancellationToken ended)
    {
        if (await TryDeclareAllAsync().ConfigureAwait(false)
            && await Accepted.ConfigureAwait(false)
            && await TryReplayAsync().ConfigureAwait(false)
            && await TrySendPendingAsync(ended).ConfigureAwait(false))
        {
            await call.CompleteAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask<bool> TryDeclareAllAsync()
    {
        do
        {
            if (!await TryDeclareAsync().ConfigureAwait(false))
            {
                return false;
            }
        }
        while (!framer.HasDeclaredAll);
        return true;
    }

    private ValueTask<bool> TryDeclareAsync()
    {
        framer.FrameDeclarations();
        return TrySendAsync();
    }

    private async ValueTask<bool> TryReplayAsync()
    {
        if (refusedBatches.ReplayRefusedBy == _serverSession)
        {
            return true;
        }
        ulong cursor = 0;
        framer.Body.Clear();
        while (log.TryCopyReplay(ref cursor, _serverSession, framer.Body, out BatchToSend batch))
        {
            _hasReplayed = true;
            if (!await TrySendBatchAsync(batch, isReplay: true).ConfigureAwait(false))
            {
                return false;
            }
        }
        return true;
    }

    private async ValueTask<bool> TrySendPendingAsync(CancellationToken ended)
    {
        ulong cursor = 0;
        while (true)
        {
            framer.Body.Clear();
            while (log.TryCopyPending(ref cursor, framer.Body, out BatchToSend batch))
            {
                if (IsPaused)
                {
                    await PauseAsync(ended).ConfigureAwait(false);
                }
                _sentBatches++;
                if (!await TrySendBatchAsync(batch, isReplay: false).ConfigureAwait(false))
                {
                    return false;
                }
            }
            if (_isEnding)
            {
                return true;
            }
            // Idle for a while: a report shows that the agent lives.
            if (clock.MonotonicNs() - _sentNs >= BatchFramer.ReportIntervalNs && !await TryDeclareAsync().ConfigureAwait(false))
            {
                return false;
            }
            await wake.WaitAsync().ConfigureAwait(false);
            if (ended.IsCancellationRequested)
            {
                return false;
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> TrySendBatchAsync(BatchToSend batch, bool isReplay)
    {
        while (!framer.CanDeclareBesideBatch)
        {
            if (!await TryDeclareAsync().ConfigureAwait(false))
            {
                return false;
            }
        }
        framer.FrameBatch(batch.Sequence, isReplay);
        framer.Body.Clear();
        return await TrySendAsync().ConfigureAwait(false);
    }

    private ValueTask<bool> TrySendAsync()
    {
        _sentNs = clock.MonotonicNs();
        Interlocked.CompareExchange(ref _awaitingSinceNs, _sentNs, 0);
        return call.TryWriteAsync(framer);
    }

    // The aggregator asked for a pause: batches wait in the log.
    private bool IsPaused => Volatile.Read(ref _resumeAtNs) > clock.MonotonicNs() && !_isEnding;

    private async Task PauseAsync(CancellationToken ended)
    {
        while (IsPaused && !ended.IsCancellationRequested)
        {
            long restNs = Volatile.Read(ref _resumeAtNs) - clock.MonotonicNs();
            await Task.Delay(TimeSpan.FromTicks(Math.Max(0, restNs / 100) + 1), ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadAcksAsync(CancellationTokenSource giveUp, CancellationTokenSource ended)
    {
        try
        {
            while (await call.ReadAsync().ConfigureAwait(false) is { } ack)
            {
                if (!ack.IsValid)
                {
                    _failure = new Status(StatusCode.Internal, "Cannot read an Ack: it is malformed or has no server_session_id.");
                    await giveUp.CancelAsync().ConfigureAwait(false);
                    return;
                }
                Apply(ack);
            }
        }
        finally
        {
            _accepted.TrySetResult(false);
            await ended.CancelAsync().ConfigureAwait(false);
        }
    }

    private void Apply(Ack ack)
    {
        long nowNs = clock.MonotonicNs();
        Volatile.Write(ref _awaitingSinceNs, 0);
        if (ack.EchoSentAtNs != 0)
        {
            framer.Estimate.Add(ack.ServerSessionId, (long)ack.EchoSentAtNs, (long)ack.ServerTimeNs, clock.PreciseNs());
        }
        if (ack.RetryAfterMs != 0)
        {
            Volatile.Write(ref _resumeAtNs, nowNs + ((long)Math.Min(ack.RetryAfterMs, RetryAfterMsMax) * 1_000_000));
        }
        if (ack.Rejected != 0)
        {
            AgentEventSource.Log.SamplesRejected(framer.Identity.Service, framer.Identity.Instance, (long)ack.Rejected, ack.Message);
        }
        _serverSession = ack.ServerSessionId;
        if (log.Acknowledge(ack.Sequence, (long)ack.Rejected, ack.ServerSessionId))
        {
            _hasProgress |= _accepted.Task.IsCompleted;
        }
        if (!_accepted.Task.IsCompleted)
        {
            if (refusedBatches.TryConvict(ack.ServerSessionId, out DropReason reason))
            {
                log.TryDropFirstSent(reason);
            }
            _accepted.TrySetResult(true);
        }
    }
}
