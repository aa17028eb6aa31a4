using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Observability.Protocol;

/// <summary>
/// A call in which both sides may send any number of messages. One writer and one reader at a time, which may be two threads.
/// How the call ends is a value, not an exception: <see cref="WaitToReadAsync"/> says false, and <see cref="GetStatusAsync"/> why.
/// </summary>
public sealed class GrpcDuplexCall : IAsyncDisposable
{
    private static readonly IReadOnlyDictionary<string, string> None = new Dictionary<string, string>();

    private readonly GrpcChannelOptions _options;
    private readonly GrpcRequestContent _content;
    private readonly GrpcMessageFramer _framer;
    private readonly CancellationTokenSource _abort = new();   // never disposed: End may still be cancelling it, and it has no timer
    private readonly TaskCompletionSource<GrpcStatus> _status = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<GrpcMessageReader?> _started;
    private readonly GrpcDeadline? _deadline;
    private readonly CancellationTokenRegistration _cancellation;
    private volatile HttpResponseMessage? _response;
    private volatile GrpcMessageReader? _reader;
    private PipeReader? _pipe;
    private Stream? _requestStream;                     // written by the writer
    private int _writing;

    internal GrpcDuplexCall(HttpMessageInvoker invoker, HttpRequestMessage request, GrpcEncoding sendEncoding,
        GrpcChannelOptions options, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        _options = options;
        _content = (GrpcRequestContent)request.Content!;
        _framer = new GrpcMessageFramer(sendEncoding);
        _started = StartAsync(invoker, request);
        _cancellation = cancellationToken.UnsafeRegister(
            static call => ((GrpcDuplexCall)call!).End(new(GrpcStatusCode.Cancelled, "The caller cancelled the call.")), this);
        if (timeout is { } limit)
        {
            _deadline = new GrpcDeadline(limit, options.TimeProvider,
                () => End(new(GrpcStatusCode.DeadlineExceeded, $"The call did not end within its deadline of {limit.TotalSeconds} s.")));
        }
    }

    /// <summary>How the call ended; completes when the response was read to its end, or the call failed or was cancelled.</summary>
    public Task<GrpcStatus> Completion => _status.Task;

    /// <summary>The response's headers; empty until they came.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; private set; } = None;

    /// <summary>What came after the last message, the status included; empty until then. A response of headers alone has them here.</summary>
    public IReadOnlyDictionary<string, string> Trailers { get; private set; } = None;

    /// <summary>True when the server has taken the call: its headers came. False: the call has ended.</summary>
    public async ValueTask<bool> WaitForHeadersAsync(CancellationToken cancellationToken = default) =>
        await _started.WaitAsync(cancellationToken) is not null && !_status.Task.IsCompleted;

    /// <summary>
    /// Sends one message. The memory may be reused when the task has completed; that the server has it, only its answer tells.
    /// Cancelling it ends the call, since half a message may be sent.
    /// </summary>
    /// <exception cref="GrpcException">The call has ended, or the server takes no more: <see cref="GetStatusAsync"/> says why.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _writing, 1) != 0)
        {
            throw new InvalidOperationException("Cannot write message: the write before has not completed. Await it first.");
        }
        try
        {
            if (_status.Task.IsCompleted)               // the platform would take the message and drop it without a word
            {
                throw new GrpcException(_status.Task.Result);
            }
            Stream stream = _requestStream ?? await OpenAsync(cancellationToken);
            ReadOnlyMemory<byte> framed = _framer.Frame(message.Span);
            // The call's own token: the platform lets a write that waits for its window wait for ever when the body ends before the stream
            // is reset. The caller's token ends the call, and so this write.
            using CancellationTokenRegistration cancelled = cancellationToken.UnsafeRegister(static call => ((GrpcDuplexCall)call!).EndSending(), this);
            await stream.WriteAsync(framed, _abort.Token);
            await stream.FlushAsync(_abort.Token);
        }
        catch (Exception exception) when (exception is not GrpcException)
        {
            throw WriteFailure(exception, cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    /// <summary>Half-closes: the server sees the end of the messages; its own still come.</summary>
    public ValueTask CompleteAsync()
    {
        _content.Complete();
        return ValueTask.CompletedTask;
    }

    /// <summary>True when <see cref="TryRead"/> has a message; false when the call has ended.</summary>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
        _reader?.HasMessage() == true ? new ValueTask<bool>(true) : WaitMoreAsync(cancellationToken);

    /// <summary>Takes a message that is already here; it is valid until the next read or wait.</summary>
    public bool TryRead(out ReadOnlySequence<byte> message)
    {
        if (_reader is { } reader)
        {
            return reader.TryRead(out message);
        }
        message = default;
        return false;
    }

    /// <summary>Reads what is left of the response, drops it, and says how the call ended. It is a read: one at a time.</summary>
    public async ValueTask<GrpcStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        while (!_status.Task.IsCompleted && await WaitToReadAsync(cancellationToken))
        {
            while (TryRead(out _))
            {
            }
        }
        return await _status.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Cancels the call if it has not ended. Neither a read nor a write may be pending.</summary>
    public async ValueTask DisposeAsync()
    {
        End(new(GrpcStatusCode.Cancelled, "The caller disposed the call."));
        await _started;
        await _cancellation.DisposeAsync();
        _deadline?.Dispose();
        _reader?.Dispose();
        _pipe?.Complete();
        _response?.Dispose();
        if (Volatile.Read(ref _writing) == 0)
        {
            _framer.Dispose();
        }
    }

    private async Task<GrpcMessageReader?> StartAsync(HttpMessageInvoker invoker, HttpRequestMessage request)
    {
        try
        {
            HttpResponseMessage response = await invoker.SendAsync(request, _abort.Token);
            _response = response;
            return await AcceptAsync(response);
        }
        catch (Exception exception)
        {
            End(GrpcTransportFailure.ToStatus(exception));
            return null;
        }
    }

    private async Task<GrpcMessageReader?> AcceptAsync(HttpResponseMessage response)
    {
        Headers = GrpcResponseStatus.ToDictionary(response.Headers);
        bool ended = GrpcResponseStatus.TryRead(response.Headers, out GrpcStatus status);
        if (ended)
        {
            Trailers = Headers;
        }
        else if (GrpcResponseStatus.Refusal(response) is { } refusal)
        {
            (ended, status) = (true, refusal);
        }
        Headers.TryGetValue(GrpcHeaders.Encoding, out string? encodingName);
        if (!ended && !GrpcCompression.TryResolve(encodingName, out _))
        {
            (ended, status) = (true, new(GrpcStatusCode.Internal, $"Cannot read response: it is compressed as '{encodingName}', accepted are {GrpcCompression.Accepted}."));
        }
        if (ended)
        {
            End(status);
            return null;
        }
        GrpcCompression.TryResolve(encodingName, out GrpcEncoding encoding);
        _pipe = PipeReader.Create(await response.Content.ReadAsStreamAsync());
        var reader = new GrpcMessageReader(_pipe, new GrpcMessageReaderOptions
        {
            MessageBytesMax = _options.ReceiveMessageBytesMax,
            Encoding = encoding,
            MessageTimeout = _options.MessageTimeout,
            TimeProvider = _options.TimeProvider,
            MapFailure = static exception => GrpcTransportFailure.ToStatus(exception),
        });
        _reader = reader;
        Interlocked.MemoryBarrier();                    // End sets the status and then looks for the reader: one of the two sees the other
        if (_status.Task.IsCompleted)                   // a deadline that fired meanwhile saw no reader
        {
            reader.Interrupt(_status.Task.Result);
            response.Dispose();
        }
        return reader;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WaitMoreAsync(CancellationToken cancellationToken)
    {
        GrpcMessageReader? reader = _reader ?? await _started.WaitAsync(cancellationToken);
        if (reader is null)
        {
            return false;
        }
        try
        {
            if (await reader.WaitToReadAsync(cancellationToken))
            {
                return true;
            }
        }
        catch (GrpcException failure)
        {
            End(failure.Status);
            return false;
        }
        HttpResponseMessage response = _response!;
        Trailers = GrpcResponseStatus.ToDictionary(response.TrailingHeaders);
        End(GrpcResponseStatus.ReadFinal(response));
        return false;
    }

    private async ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) =>
        _requestStream = await _content.Opened.WaitAsync(cancellationToken) ?? throw new GrpcException(await _status.Task);

    private Exception WriteFailure(Exception exception, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            EndSending();
            return new OperationCanceledException("The caller cancelled the sending of a message.", exception, cancellationToken);
        }
        return _status.Task.IsCompleted
            ? new GrpcException(_status.Task.Result, exception)
            : new GrpcException(new(GrpcStatusCode.Unavailable, "Cannot send message: the server takes no more of this call."), exception);
    }

    private void EndSending() => End(new(GrpcStatusCode.Cancelled, "The caller cancelled the sending of a message."));

    /// <summary>The first end counts; those after it say nothing new. Any thread.</summary>
    private void End(GrpcStatus status)
    {
        if (!_status.TrySetResult(status))
        {
            return;
        }
        _abort.Cancel();
        _reader?.Interrupt(status);
        _response?.Dispose();                           // resets the stream when it is not at its end
        _content.End();
    }
}
