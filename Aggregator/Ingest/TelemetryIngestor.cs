using System.Globalization;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Listening;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Ingest;

/// <summary>The two methods of telemetry.v1.TelemetryIngestor. Acks are coalesced: one for all batches of a wake-up, and of an interval.</summary>
internal sealed class TelemetryIngestor(
    IngestShards shards, IngestCounters counters, AckPacer pacer, KeyUsages keys, IngestCalls calls, IOptions<GrpcOptions> options)
    : TelemetryBinding.ServiceBase
{
    private static readonly Status ClientGone = new(StatusCode.Cancelled, "The client reset the stream, its connection was lost, or its deadline passed.");
    private static readonly Status Draining = new(StatusCode.Unavailable, "The aggregator is shutting down; what was acknowledged is applied.");

    private readonly RejectTexts _rejectTexts = new(shards.Store.Options, shards.Options);

    public override Task<Ack> StreamTelemetry(IAsyncStreamReader<BatchMessage> requestStream, ServerCallContext context) =>
        ServeAsync(requestStream, null, context);

    public override Task Exchange(IAsyncStreamReader<BatchMessage> requestStream, IServerStreamWriter<Ack> responseStream, ServerCallContext context) =>
        ServeAsync(requestStream, responseStream, context);

    private async Task<Ack> ServeAsync(IAsyncStreamReader<BatchMessage> requests, IServerStreamWriter<Ack>? responses, ServerCallContext context)
    {
        HttpContext http = context.GetHttpContext();
        using IngestCall call = new(requests, $"{http.Connection.RemoteIpAddress}:{http.Connection.RemotePort}", http.Features.Get<PartialMessageClock>());
        KeyUsage key = keys.Of(http);
        Open(call, key, context);
        IngestStream stream = new(shards, call, isExchange: responses is not null, key);
        AckPacer.Stream pace = pacer.Open(call.Wake);
        using CancellationTokenRegistration gone = context.CancellationToken.UnsafeRegister(static call => ((IngestCall)call!).Abort(ClientGone), call);
        try
        {
            return await ServeAsync(call, stream, pace, responses, context);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or InvalidOperationException && context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(ClientGone);             // Nobody is left to take an Ack.
        }
        finally
        {
            pacer.Close(pace);
            await stream.CloseAsync();
            counters.CloseStream();
            calls.Remove(call);
            key.Close();
        }
    }

    private void Open(IngestCall call, KeyUsage key, ServerCallContext context)
    {
        if (!key.TryOpen())
        {
            keys.CountRefused();
            AskToWait(context, shards.Options.RetryPushbackMs);
            throw new RpcException(new Status(
                StatusCode.ResourceExhausted,
                $"Cannot open another stream: {shards.Options.StreamsPerKeyMax} of one key are the limit (Ingest:StreamsPerKeyMax)."));
        }
        if (!calls.TryAdd(call))
        {
            key.Close();
            AskToWait(context, options.Value.RetryPushbackMs);
            throw new RpcException(new Status(
                StatusCode.ResourceExhausted, $"Cannot open another stream: {options.Value.StreamsMax} are open, which is the limit (Grpc:StreamsMax)."));
        }
        counters.OpenStream();
    }

    private async Task<Ack> ServeAsync(
        IngestCall call, IngestStream stream, AckPacer.Stream pace, IServerStreamWriter<Ack>? responses, ServerCallContext context)
    {
        Ack ack = new();
        bool hasStarted = false;
        while (stream.Status is null && await call.WaitToReadAsync())
        {
            await stream.ApplyAsync();
            if (responses is not null && stream.Tally.Batches > 0 && (stream.Tally.RetryAfterMs > 0 || pace.IsDue(stream.Tally.PushIntervalMs)))
            {
                hasStarted = true;
                await responses.WriteAsync(Fill(ack, stream.Tally));
            }
            if (!hasStarted && stream.Status is null)
            {
                // The client learns that its stream has begun. One that is refused on its first message is trailers alone.
                hasStarted = true;
                await context.WriteResponseHeadersAsync([]);
            }
        }
        if (responses is not null && stream.Tally.Batches > 0 && !context.CancellationToken.IsCancellationRequested)
        {
            await responses.WriteAsync(Fill(ack, stream.Tally));
        }
        if (stream.AskToWait)
        {
            AskToWait(context, shards.Options.RetryPushbackMs);
        }
        if (stream.Status is { } status)
        {
            throw new RpcException(status);
        }
        if (call.End is { } end)
        {
            throw end;
        }
        if (call.IsStopped)
        {
            throw new RpcException(Draining);
        }
        return Fill(ack, stream.Tally);
    }

    private static void AskToWait(ServerCallContext context, int milliseconds) =>
        context.ResponseTrailers.Add("grpc-retry-pushback-ms", milliseconds.ToString(CultureInfo.InvariantCulture));

    private Ack Fill(Ack ack, AckTally tally)
    {
        ack.Received = (ulong)tally.Received;
        ack.Rejected = (ulong)tally.Rejected;
        ack.Message = _rejectTexts[tally.FirstReason];
        ack.RetryAfterMs = tally.RetryAfterMs;
        ack.Sequence = tally.Sequence;
        ack.EchoSentAtNs = tally.SentAtNs;
        ack.ServerSessionId = shards.Store.SessionId;
        ack.ServerTimeNs = (ulong)shards.Time.UnixNs();
        tally.Reset();
        return ack;
    }
}
