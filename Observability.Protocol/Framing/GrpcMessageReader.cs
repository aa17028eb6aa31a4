using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Observability.Protocol;

/// <summary>
/// Cuts a pipe into messages. A message is a view over the pipe's own memory (a compressed one over one pooled buffer) and is valid
/// until the next call. One reader at a time; only <see cref="Interrupt"/> and <see cref="StopReading"/> may come from another thread.
/// Every failure ends the stream: it is thrown as a <see cref="GrpcException"/>, once per stream and never per message.
/// </summary>
public sealed class GrpcMessageReader : IDisposable
{
    private readonly PipeReader _pipe;
    private readonly GrpcMessageReaderOptions _options;
    private readonly MessageDecompressor? _decompressor;
    private readonly PartialMessageTimer _partialTimer;
    private readonly Lock _pipeGate = new();            // a late interrupt must not reach a pipe that already serves another stream
    private ReadOnlySequence<byte> _buffered;
    private bool _holdsResult;
    private bool _tookMessage;                          // since the last wait
    private bool _ended;
    private bool _filledLast;
    private bool _disposed;                             // under _pipeGate
    private GrpcException? _failure;                    // written by the reader
    private volatile GrpcException? _interrupt;         // written under _pipeGate by any thread
    private volatile bool _stopped;                     // written by any thread, only to true
    private volatile bool _woken;                       // set by any thread, cleared by the reader

    public GrpcMessageReader(PipeReader pipe, GrpcMessageReaderOptions options)
    {
        _pipe = pipe;
        _options = options;
        _decompressor = options.Encoding == GrpcEncoding.Identity ? null : new MessageDecompressor(options.Encoding, options.MessageBytesMax);
        _partialTimer = new PartialMessageTimer(options.MessageTimeout, options.TimeProvider, FailPartial);
    }

    /// <summary>True once <see cref="StopReading"/> was called.</summary>
    public bool IsStopped => _stopped;

    /// <summary>True when a whole message is here already. Ends the use of the message before.</summary>
    public bool HasMessage()
    {
        _decompressor?.Release();
        return _interrupt is null && _failure is null && TryFind(out _, out _);
    }

    /// <summary>True when a whole message is there, or after <see cref="Wake"/>; false at the end of the stream.</summary>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
        HasMessage() ? new ValueTask<bool>(true) : ReadMoreAsync(cancellationToken);

    /// <summary>Takes the next message that is already here. False means: wait. Never throws.</summary>
    public bool TryRead(out ReadOnlySequence<byte> message)
    {
        _decompressor?.Release();
        message = default;
        if (_failure is not null || !TryFind(out bool compressed, out int messageBytes))
        {
            return false;
        }
        message = _buffered.Slice(GrpcMessage.PrefixBytes, messageBytes);
        _buffered = _buffered.Slice(message.End);
        _tookMessage = true;
        return !compressed || TryExpand(ref message);
    }

    /// <summary>Ends the stream with this status: the pending or next wait throws it. Any thread.</summary>
    public void Interrupt(GrpcStatus status)
    {
        lock (_pipeGate)
        {
            if (!_disposed && _interrupt is null)
            {
                _interrupt = new GrpcException(status);
                WakeReader();
            }
        }
    }

    /// <summary>Whole messages that are here are still read; then the wait says that the stream ended. Any thread.</summary>
    public void StopReading()
    {
        lock (_pipeGate)
        {
            if (!_disposed && !_stopped)
            {
                _stopped = true;
                WakeReader();
            }
        }
    }

    /// <summary>Ends the pending wait, or else the next one, as if a message had come. Any thread.</summary>
    public void Wake()
    {
        lock (_pipeGate)
        {
            if (!_disposed)
            {
                _woken = true;
                WakeReader();
            }
        }
    }

    /// <summary>Lets go of the pipe's memory and of the pooled buffer. No interrupt reaches the pipe afterwards.</summary>
    public void Dispose()
    {
        lock (_pipeGate)
        {
            if (_disposed)
            {
                return;
            }
            _disposed = true;
        }
        _partialTimer.Dispose();
        _decompressor?.Dispose();
        _buffered = _buffered.Slice(_buffered.End);
        try
        {
            GiveBack();
        }
        catch (Exception exception) when (_options.MapFailure(exception) is not null)
        {
            // The transport has failed already and holds no memory that could be given back.
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryFind(out bool compressed, out int messageBytes)
    {
        compressed = false;
        messageBytes = 0;
        if (!GrpcMessage.TryReadPrefix(_buffered, out byte flag, out uint length))
        {
            return false;
        }
        if (flag != 0 || length > (uint)_options.MessageBytesMax)
        {
            if (!AcceptsPrefix(flag, length))
            {
                return false;
            }
            compressed = true;
        }
        messageBytes = (int)length;
        return _buffered.Length - GrpcMessage.PrefixBytes >= length;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool AcceptsPrefix(byte flag, uint length)
    {
        if (length > (uint)_options.MessageBytesMax)
        {
            Fail(GrpcStatusCode.ResourceExhausted,
                $"Cannot read message of {length} bytes: the limit is {_options.MessageBytesMax} bytes. Send smaller messages.");
        }
        else if (flag > 1)
        {
            Fail(GrpcStatusCode.Internal, $"Cannot read message: its compressed flag is {flag}, allowed are 0 and 1.");
        }
        else if (_decompressor is null)
        {
            Fail(GrpcStatusCode.Internal, "Cannot read message: its compressed flag is set, but the stream names no grpc-encoding.");
        }
        return _failure is null;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryExpand(ref ReadOnlySequence<byte> message)
    {
        if (_decompressor!.TryDecompress(message, out message, out GrpcStatus failure))
        {
            return true;
        }
        Fail(failure.Code, failure.Detail);
        return false;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReadMoreAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if ((_interrupt ?? _failure) is { } failure)
            {
                throw failure;
            }
            if (_ended || (_stopped && !TryFillLast()))
            {
                return EndOfStream();
            }
            if (!_stopped)
            {
                await FillAsync(cancellationToken);
            }
            if (_interrupt is null && (TryFind(out _, out _) || TakeWake()))
            {
                return true;
            }
        }
    }

    private bool TakeWake()
    {
        bool woken = _woken && _failure is null && !_ended;
        _woken = false;
        return woken;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        _partialTimer.Watch(begun: !_buffered.IsEmpty, continued: !_tookMessage);
        _tookMessage = false;
        try
        {
            GiveBack();
            Take(await _pipe.ReadAsync(cancellationToken));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && TryFail(exception))
        {
            // The wait that follows throws the failure.
        }
    }

    /// <summary>Takes what has arrived by the time reading was stopped: once, or a client that never pauses would hold up the end.</summary>
    private bool TryFillLast()
    {
        if (_filledLast)
        {
            return false;
        }
        _filledLast = true;
        try
        {
            GiveBack();
            bool filled = _pipe.TryRead(out ReadResult result);
            if (filled)
            {
                Take(result);
            }
            return filled;
        }
        catch (Exception exception) when (TryFail(exception))
        {
            return false;
        }
    }

    private bool TryFail(Exception exception)
    {
        if (_options.MapFailure(exception) is not { } status)
        {
            return false;
        }
        Fail(status.Code, status.Detail);
        return true;
    }

    private void Take(in ReadResult result)
    {
        _holdsResult = true;
        _ended = result.IsCompleted;
        _buffered = result.Buffer;
    }

    private void GiveBack()
    {
        if (_holdsResult)
        {
            _holdsResult = false;
            SequencePosition consumed = _buffered.Start;
            SequencePosition examined = _buffered.End;
            _buffered = default;
            _pipe.AdvanceTo(consumed, examined);
        }
    }

    private void WakeReader()
    {
        try
        {
            _pipe.CancelPendingRead();
        }
        catch (Exception exception) when (_options.MapFailure(exception) is not null)
        {
            // The transport has failed already: a pending read ends with that failure by itself, and every later one at once.
        }
    }

    private bool EndOfStream()
    {
        if (_stopped || _buffered.IsEmpty)
        {
            return false;
        }
        Fail(GrpcStatusCode.Internal, $"Cannot read message: the stream ended after {_buffered.Length} bytes of it.");
        throw _failure!;
    }

    private void Fail(GrpcStatusCode code, string detail) => _failure ??= new GrpcException(code, detail);

    private void FailPartial() => Interrupt(new(GrpcStatusCode.DeadlineExceeded,
        $"Cannot read message: it was begun, and not all of it came within {_options.MessageTimeout.TotalSeconds} s."));
}
