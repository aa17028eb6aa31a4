using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Observability.Protocol;

namespace Observability.Aggregator.Grpc;

/// <summary>
/// One call being served. Its method reads and writes; reading and writing may be two tasks, but each has one at a time.
/// Messages are views over the request pipe's own memory (compressed ones over one pooled buffer): nothing is copied, no object is made.
/// </summary>
public sealed class GrpcServerCall : IDisposable
{
    private readonly GrpcMessageReader _reader;
    private readonly PipeWriter _output;
    private readonly CancellationTokenSource _cancelled = new();
    private readonly Lock _endGate = new();
    private GrpcStatus? _ended;                         // under _endGate: why Cancelled fired
    private Dictionary<string, string>? _trailers;
    private bool _tookMessage;
    private bool _hasUnflushed;

    internal GrpcServerCall(HttpContext http, string method, GrpcMessageReaderOptions reading, DateTimeOffset? deadline)
    {
        Http = http;
        Method = method;
        Deadline = deadline;
        Cancelled = _cancelled.Token;
        _output = http.Response.BodyWriter;
        _reader = new GrpcMessageReader(http.Request.BodyReader, reading);
    }

    public HttpContext Http { get; }

    /// <summary>/package.Service/Method.</summary>
    public string Method { get; }

    /// <summary>Address and port of the client.</summary>
    public string Peer => PeerOf(Http);

    /// <summary>When the client gives up, if it said so.</summary>
    public DateTimeOffset? Deadline { get; }

    /// <summary>Fires when the client has gone, the deadline has passed, or <see cref="Abort"/> was called.</summary>
    public CancellationToken Cancelled { get; }

    /// <summary>The server drains: the wait says false although the client has not finished. Answer what was read, then UNAVAILABLE.</summary>
    public bool IsStopped => _reader.IsStopped;

    /// <summary>Sent with the status, for example grpc-retry-pushback-ms.</summary>
    public IDictionary<string, string> Trailers => _trailers ??= new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Messages were written that no flush has sent.</summary>
    internal bool HasUnflushed => _hasUnflushed;

    internal bool HasTrailers => _trailers is { Count: > 0 };

    /// <summary>True when a message is here, or after <see cref="Wake"/>; false when the client has half-closed or the server drains.</summary>
    /// <exception cref="GrpcException">The stream is broken, cancelled or past its deadline; the method may let it pass.</exception>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default)
    {
        if (_reader.HasMessage())
        {
            return new ValueTask<bool>(true);
        }
        // A stream that has begun and now waits is there to stay: the client learns it. A call refused on its first message is trailers alone.
        return _tookMessage && !Http.Response.HasStarted ? StartThenWaitAsync(cancellationToken) : _reader.WaitToReadAsync(cancellationToken);
    }

    /// <summary>Takes a message that is already here; it is valid until the next read or wait. Never throws.</summary>
    public bool TryRead(out ReadOnlySequence<byte> message)
    {
        bool took = _reader.TryRead(out message);
        _tookMessage |= took;
        return took;
    }

    /// <summary>Sends the response's headers now; otherwise the first flush does.</summary>
    public ValueTask StartAsync() => Http.Response.HasStarted ? ValueTask.CompletedTask : FlushAsync();

    /// <summary>Adds one message to what the next <see cref="FlushAsync"/> sends.</summary>
    public void Write(ReadOnlySpan<byte> message)
    {
        Span<byte> destination = _output.GetSpan(GrpcMessage.PrefixBytes + message.Length);
        GrpcMessage.WritePrefix(destination, compressed: false, message.Length);
        message.CopyTo(destination[GrpcMessage.PrefixBytes..]);
        _output.Advance(GrpcMessage.PrefixBytes + message.Length);
        _hasUnflushed = true;
    }

    /// <summary>Adds one message to what the next <see cref="FlushAsync"/> sends.</summary>
    public void Write<T>(T message)
        where T : IBufferMessage
    {
        int bytes = message.CalculateSize();
        GrpcMessage.WritePrefix(_output.GetSpan(GrpcMessage.PrefixBytes), compressed: false, bytes);
        _output.Advance(GrpcMessage.PrefixBytes);
        message.WriteTo(_output);
        _hasUnflushed = true;
    }

    /// <summary>Sends what was written, and waits while the client takes no more.</summary>
    /// <exception cref="GrpcException">The call was cancelled.</exception>
    public ValueTask FlushAsync()
    {
        _hasUnflushed = false;
        ValueTask<FlushResult> flush = _output.FlushAsync(Cancelled);
        if (!flush.IsCompletedSuccessfully)
        {
            return FinishFlushAsync(flush);
        }
        FlushResult result = flush.Result;
        return result.IsCompleted ? ValueTask.FromException(new GrpcException(AbortStatus ?? GrpcServerFailure.ClientGone)) : ValueTask.CompletedTask;
    }

    /// <summary>Ends the call with this status: the pending or next wait throws it, and <see cref="Cancelled"/> fires. Any thread.</summary>
    public void Abort(GrpcStatus status)
    {
        lock (_endGate)
        {
            if (_ended is not null)
            {
                return;
            }
            _ended = status;
        }
        _reader.Interrupt(status);
        _cancelled.Cancel();
    }

    /// <summary>Messages that are here are still read, then the wait says false. Any thread.</summary>
    public void StopReading() => _reader.StopReading();

    /// <summary>Ends the pending wait although no message has come: the method has something else to do. Any thread, also after the call.</summary>
    public void Wake() => _reader.Wake();

    /// <summary>Why <see cref="Cancelled"/> fired, or null.</summary>
    internal GrpcStatus? AbortStatus
    {
        get
        {
            lock (_endGate)
            {
                return _ended;
            }
        }
    }

    /// <summary>By the server, when the method has returned.</summary>
    void IDisposable.Dispose() => _reader.Dispose();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FinishFlushAsync(ValueTask<FlushResult> flush)
    {
        FlushResult result;
        try
        {
            result = await flush;
        }
        catch (OperationCanceledException) when (AbortStatus is not null)
        {
            throw new GrpcException(AbortStatus!.Value);
        }
        if (result.IsCompleted)
        {
            throw new GrpcException(AbortStatus ?? GrpcServerFailure.ClientGone);
        }
    }

    internal static string PeerOf(HttpContext http) => $"{http.Connection.RemoteIpAddress}:{http.Connection.RemotePort}";

    private async ValueTask<bool> StartThenWaitAsync(CancellationToken cancellationToken)
    {
        await FlushAsync();                             // Response.StartAsync would keep the headers until the first byte
        return await _reader.WaitToReadAsync(cancellationToken);
    }
}
