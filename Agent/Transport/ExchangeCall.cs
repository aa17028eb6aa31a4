using System.Buffers;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Grpc.Net.Client;

namespace Observability.Agent.Transport;

/// <summary>
/// One Exchange call and the connection it has for itself: after a time-out the connection may be dead, and a second stream on it would be too.
/// One writer and one reader. How the call ends is a value: <see cref="ReadAsync"/> returns null, and <see cref="Status"/> says why.
/// </summary>
internal sealed class ExchangeCall : IDisposable
{
    /// <summary>A connection with a call on it that is silent this long is pinged ...</summary>
    private static readonly TimeSpan KeepAlivePingDelay = TimeSpan.FromSeconds(30);

    /// <summary>... and is lost when the answer takes longer than this.</summary>
    private static readonly TimeSpan KeepAlivePingTimeout = TimeSpan.FromSeconds(20);

    private readonly GrpcChannel _channel;
    private readonly AsyncDuplexStreamingCall<BatchFramer, Ack> _call;
    private Metadata? _trailers;

    public ExchangeCall(Uri address, string apiKey, TimeSpan connectTimeout, CancellationToken cancellationToken)
    {
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectTimeout = connectTimeout,
                KeepAlivePingDelay = KeepAlivePingDelay,
                KeepAlivePingTimeout = KeepAlivePingTimeout,
                KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
                EnableMultipleHttp2Connections = false,
                PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
                AllowAutoRedirect = false,
                AutomaticDecompression = DecompressionMethods.None,
                UseCookies = false,
                UseProxy = address.Scheme == Uri.UriSchemeHttps,    // no proxy forwards HTTP/2 in clear text
                ActivityHeadersPropagator = null,                   // a telemetry stream is not part of its host's traces
            },
            DisposeHttpClient = true,
        });
        Metadata headers = [];
        if (apiKey.Length != 0)
        {
            headers.Add("x-api-key", apiKey);
        }
        _call = _channel.CreateCallInvoker().AsyncDuplexStreamingCall(CreateMethod(), host: null, new CallOptions(headers, cancellationToken: cancellationToken));
    }

    /// <summary>How the call ended; valid once <see cref="ReadAsync"/> has returned null.</summary>
    public Status Status { get; private set; }

    /// <summary>How long the aggregator asks to wait before the next call.</summary>
    public TimeSpan? Pushback =>
        uint.TryParse(_trailers?.GetValue("grpc-retry-pushback-ms"), CultureInfo.InvariantCulture, out uint milliseconds)
            ? TimeSpan.FromMilliseconds(Math.Min(milliseconds, ExchangeStream.RetryAfterMsMax))
            : null;

    /// <summary>Sends the framer's message, which may change once the task has completed. False: the call has ended.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> TryWriteAsync(BatchFramer framer)
    {
        try
        {
            await _call.RequestStream.WriteAsync(framer).ConfigureAwait(false);
            return true;
        }
        catch (Exception ended) when (ended is RpcException or OperationCanceledException or InvalidOperationException or IOException)
        {
            return false;                               // in the middle of a write, or before it; the status says why
        }
    }

    /// <summary>Half-closes: the aggregator acknowledges what it has and ends the call.</summary>
    public async ValueTask CompleteAsync()
    {
        try
        {
            await _call.RequestStream.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception ended) when (ended is RpcException or OperationCanceledException or InvalidOperationException or IOException)
        {
            // The call has ended by itself.
        }
    }

    /// <summary>The next Ack, valid until the next read; null when the call has ended.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Ack?> ReadAsync()
    {
        try
        {
            if (await _call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false))
            {
                return _call.ResponseStream.Current;
            }
            Status = _call.GetStatus();
            _trailers = _call.GetTrailers();
        }
        catch (RpcException ended)
        {
            Status = StatusOf(ended);
            _trailers = ended.Trailers;
        }
        return null;
    }

    public void Dispose()
    {
        _call.Dispose();
        _channel.Dispose();
    }

    // One Ack for each call, filled anew by each message: nothing is allocated for an Ack that rejects nothing.
    private static Method<BatchFramer, Ack> CreateMethod()
    {
        var ack = new Ack();
        return new Method<BatchFramer, Ack>(
            MethodType.DuplexStreaming, "telemetry.v1.TelemetryIngestor", "Exchange",
            Marshallers.Create<BatchFramer>(Write, static _ => throw new NotSupportedException()),
            Marshallers.Create<Ack>(static (_, _) => throw new NotSupportedException(), context =>
            {
                ack.Read(context.PayloadAsReadOnlySequence());
                return ack;
            }));
    }

    private static void Write(BatchFramer framer, SerializationContext context)
    {
        ReadOnlySpan<byte> message = framer.Message;
        context.SetPayloadLength(message.Length);
        context.GetBufferWriter().Write(message);
        context.Complete();
    }

    /// <summary>
    /// A lost connection (also one that the aggregator ended with GOAWAY, or whose ping got no answer) is UNAVAILABLE, whatever its error code: no batch is to
    /// blame for it. Only a stream that the aggregator reset by itself keeps the status of its error code.
    /// </summary>
    private static Status StatusOf(RpcException ended)
    {
        Exception? cause = ended.Status.DebugException;
        if (cause is null or OperationCanceledException || IsReset(cause))
        {
            return ended.Status;
        }
        return new Status(StatusCode.Unavailable, (cause.InnerException ?? cause).Message, cause);
    }

    // The platform has one exception type for a reset stream and a lost connection; only its text, which is not translated, tells them apart.
    private static bool IsReset(Exception? cause)
    {
        for (; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpProtocolException
                && (cause.Message.Contains("reset the stream", StringComparison.Ordinal)
                    || cause.Message.Contains("http2_stream_error", StringComparison.Ordinal)))     // the key, in programs trimmed of texts
            {
                return true;
            }
        }
        return false;
    }
}
