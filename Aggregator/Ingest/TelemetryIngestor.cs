using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Grpc;
using Observability.Protocol;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Ingest;

/// <summary>The two methods of telemetry.v1.TelemetryIngestor. Acks are coalesced: one for all batches of a wake-up, and of an interval.</summary>
internal sealed class TelemetryIngestor(IngestServices services, AckPacer pacer, KeyUsages keys)
{
    public const string StreamTelemetryPath = "/telemetry.v1.TelemetryIngestor/StreamTelemetry";
    public const string ExchangePath = "/telemetry.v1.TelemetryIngestor/Exchange";

    private static readonly GrpcStatus Draining = new(GrpcStatusCode.Unavailable, "The aggregator is shutting down; what was acknowledged is applied.");

    public ValueTask<GrpcStatus> StreamTelemetryAsync(GrpcServerCall call) => ServeAsync(call, isExchange: false);

    public ValueTask<GrpcStatus> ExchangeAsync(GrpcServerCall call) => ServeAsync(call, isExchange: true);

    private async ValueTask<GrpcStatus> ServeAsync(GrpcServerCall call, bool isExchange)
    {
        KeyUsage key = keys.Of(call.Http);
        if (!key.TryOpen())
        {
            return Refuse(call);
        }
        IngestStream stream = new(services, new GrpcBatchSource(call), isExchange, key);
        services.Counters.OpenStream();
        AckPacer.Stream acks = pacer.Open(call.Wake);
        try
        {
            return await ServeAsync(call, stream, acks, isExchange);
        }
        finally
        {
            pacer.Close(acks);
            await stream.CloseAsync();
            services.Counters.CloseStream();
            key.Close();
        }
    }

    private async ValueTask<GrpcStatus> ServeAsync(GrpcServerCall call, IngestStream stream, AckPacer.Stream acks, bool isExchange)
    {
        Ack ack = new();
        while (stream.Status is null && await call.WaitToReadAsync())
        {
            await stream.ApplyAsync();
            if (isExchange && stream.Tally.Batches > 0 && (stream.Tally.RetryAfterMs > 0 || acks.IsDue(stream.Tally.PushIntervalMs)))
            {
                Write(call, stream, ack);
                await call.FlushAsync();
            }
        }
        if (isExchange && stream.Tally.Batches > 0)
        {
            Write(call, stream, ack);
        }
        if (stream.AskToWait)
        {
            AskToWait(call);
        }
        if (stream.Status is { } status)
        {
            return status;
        }
        if (!isExchange)
        {
            Write(call, stream, ack);
        }
        return call.IsStopped ? Draining : new GrpcStatus(GrpcStatusCode.Ok, "");
    }

    private GrpcStatus Refuse(GrpcServerCall call)
    {
        keys.CountRefused();
        AskToWait(call);
        return new GrpcStatus(
            GrpcStatusCode.ResourceExhausted,
            $"Cannot open another stream: {services.Options.StreamsPerKeyMax} of one key are the limit (Ingest:StreamsPerKeyMax).");
    }

    private void AskToWait(GrpcServerCall call) =>
        call.Trailers["grpc-retry-pushback-ms"] = services.Options.RetryPushbackMs.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private void Write(GrpcServerCall call, IngestStream stream, Ack ack)
    {
        AckTally tally = stream.Tally;
        ack.Received = (ulong)tally.Received;
        ack.Rejected = (ulong)tally.Rejected;
        ack.Message = services.RejectTexts[tally.FirstReason];
        ack.RetryAfterMs = tally.RetryAfterMs;
        ack.Sequence = tally.Sequence;
        ack.EchoSentAtNs = tally.SentAtNs;
        ack.ServerSessionId = services.Store.SessionId;
        ack.ServerTimeNs = (ulong)services.Time.UnixNs();
        tally.Reset();
        call.Write(ack);
    }
}
