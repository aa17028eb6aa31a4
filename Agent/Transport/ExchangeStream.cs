using Observability.Agent.Batching;
using Observability.Agent.Recording;
using Observability.Protocol;

namespace Observability.Agent.Transport;

/// <summary>
/// One Exchange call, from declarations to its end. One task writes and one reads. First all series are declared and the Ack of that tells which
/// batches the aggregator has already and whether it has lost its memory; then batches are replayed if so, and the pending ones sent.
/// </summary>
internal sealed class ExchangeStream(ExchangeContext context, BatchFramer framer, GrpcDuplexCall call)
{
    /// <summary>The longest pause an aggregator can ask for.</summary>
    internal const uint RetryAfterMsMax = 60_000;

    private const long ReportIntervalNs = 1_000_000_000;

    private readonly TaskCompletionSource<bool> _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _awaitingSinceNs;
    private long _reportedNs = long.MinValue;
    private long _sentNs;
    private long _resumeAtNs;
    private ulong _serverSession;
    private long _sentBatches;
    private volatile bool _hasProgress;
    private bool _hasReplayed;
    private volatile bool _isEnding;
    private GrpcStatus? _failure;

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
        context.Wake.Set();
    }

    /// <summary>Runs until the call ends; cancelling the source, which the call carries too, ends it.</summary>
    public async Task<StreamEnd> RunAsync(CancellationTokenSource giveUp)
    {
        framer.BeginStream();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(giveUp.Token);
        ended.Token.UnsafeRegister(static wake => ((Signal)wake!).Set(), context.Wake);
        Task reading = ReadAcksAsync(giveUp, ended);
        await WriteAsync(ended.Token).ConfigureAwait(false);
        await reading.ConfigureAwait(false);
        GrpcStatus status = await call.GetStatusAsync(CancellationToken.None).ConfigureAwait(false);
        return new StreamEnd(_failure ?? status, _serverSession, _sentBatches, _hasProgress, _hasReplayed, Pushback());
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await DeclareAllAsync(cancellationToken).ConfigureAwait(false);
            if (await Accepted.ConfigureAwait(false))
            {
                await ReplayAsync(cancellationToken).ConfigureAwait(false);
                await SendPendingAsync(cancellationToken).ConfigureAwait(false);
                await call.CompleteAsync().ConfigureAwait(false);
            }
        }
        catch (Exception ended) when (ended is GrpcException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // The call has ended, or the agent gave it up, in the middle of a write; its status, which RunAsync returns, says why.
        }
    }

    private async Task DeclareAllAsync(CancellationToken cancellationToken)
    {
        do
        {
            await SendDeclarationsAsync(cancellationToken).ConfigureAwait(false);
        }
        while (!framer.HasDeclaredAll);
    }

    private async ValueTask SendDeclarationsAsync(CancellationToken cancellationToken)
    {
        framer.FrameDeclarations(ReportIfDue(), context.Estimate);
        await SendAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task ReplayAsync(CancellationToken cancellationToken)
    {
        if (context.RefusedBatches.ReplayRefusedBy == _serverSession)
        {
            return;
        }
        ulong cursor = 0;
        framer.Body.Clear();
        while (context.Log.TryCopyReplay(ref cursor, _serverSession, framer.Body, out BatchToSend batch))
        {
            _hasReplayed = true;
            await SendBatchAsync(batch, isReplay: true, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SendPendingAsync(CancellationToken cancellationToken)
    {
        ulong cursor = 0;
        while (true)
        {
            framer.Body.Clear();
            while (context.Log.TryCopyPending(ref cursor, framer.Body, out BatchToSend batch))
            {
                await RestAsync(cancellationToken).ConfigureAwait(false);
                _sentBatches++;
                await SendBatchAsync(batch, isReplay: false, cancellationToken).ConfigureAwait(false);
            }
            if (_isEnding)
            {
                return;
            }
            if (context.Clock.MonotonicNs() - _sentNs >= ReportIntervalNs)
            {
                await SendDeclarationsAsync(cancellationToken).ConfigureAwait(false);      // idle: a report shows that the agent lives
            }
            await context.Wake.WaitAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async ValueTask SendBatchAsync(BatchToSend batch, bool isReplay, CancellationToken cancellationToken)
    {
        while (!framer.CanDeclareBesideBatch)
        {
            await SendDeclarationsAsync(cancellationToken).ConfigureAwait(false);
        }
        framer.FrameBatch(batch.Sequence, isReplay, ReportIfDue(), context.Estimate);
        framer.Body.Clear();
        await SendAsync(cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        _sentNs = context.Clock.MonotonicNs();
        Interlocked.CompareExchange(ref _awaitingSinceNs, _sentNs, 0);
        await call.WriteAsync(framer.Message, cancellationToken).ConfigureAwait(false);
    }

    // The aggregator asked for a pause: batches wait in the log.
    private async ValueTask RestAsync(CancellationToken cancellationToken)
    {
        long restNs;
        while ((restNs = Volatile.Read(ref _resumeAtNs) - context.Clock.MonotonicNs()) > 0 && !_isEnding)
        {
            await Task.Delay(TimeSpan.FromTicks((restNs / 100) + 1), cancellationToken).ConfigureAwait(false);
        }
    }

    private LedgerBook? ReportIfDue()
    {
        long nowNs = context.Clock.MonotonicNs();
        if (_reportedNs != long.MinValue && nowNs - _reportedNs < ReportIntervalNs)
        {
            return null;
        }
        _reportedNs = nowNs;
        return context.Ledger;
    }

    private async Task ReadAcksAsync(CancellationTokenSource giveUp, CancellationTokenSource ended)
    {
        try
        {
            while (await call.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
            {
                while (call.TryRead(out var message))
                {
                    if (!Ack.TryRead(message, out Ack ack) || ack.ServerSessionId == 0)
                    {
                        _failure = new GrpcStatus(GrpcStatusCode.Internal, "Cannot read an Ack: it is malformed or has no server_session_id.");
                        await giveUp.CancelAsync().ConfigureAwait(false);
                        return;
                    }
                    Apply(ack);
                }
            }
        }
        finally
        {
            _accepted.TrySetResult(false);
            await ended.CancelAsync().ConfigureAwait(false);
        }
    }

    private void Apply(in Ack ack)
    {
        long nowNs = context.Clock.MonotonicNs();
        Volatile.Write(ref _awaitingSinceNs, 0);
        if (ack.EchoSentAtNs != 0)
        {
            context.Estimate.Add(ack.ServerSessionId, (long)ack.EchoSentAtNs, (long)ack.ServerTimeNs, context.Clock.PreciseNs());
        }
        if (ack.RetryAfterMs != 0)
        {
            Volatile.Write(ref _resumeAtNs, nowNs + ((long)Math.Min(ack.RetryAfterMs, RetryAfterMsMax) * 1_000_000));
        }
        if (ack.Rejected != 0)
        {
            AgentEventSource.Log.SamplesRejected(
                context.Identity.Service, context.Identity.Instance, (long)ack.Rejected, ack.Message ?? "");
        }
        _serverSession = ack.ServerSessionId;
        if (context.Log.Acknowledge(ack.Sequence, (long)ack.Rejected, ack.ServerSessionId))
        {
            _hasProgress |= _accepted.Task.IsCompleted;
        }
        if (!_accepted.Task.IsCompleted)
        {
            if (context.RefusedBatches.TryConvict(ack.ServerSessionId, out DropReason reason))
            {
                context.Log.TryDropFirstSent(reason);
            }
            _accepted.TrySetResult(true);
        }
    }

    private TimeSpan? Pushback() =>
        call.Trailers.TryGetValue("grpc-retry-pushback-ms", out string? text)
        && uint.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out uint milliseconds)
            ? TimeSpan.FromMilliseconds(Math.Min(milliseconds, RetryAfterMsMax))
            : null;
}
