using System.Threading.Tasks.Sources;
using Grpc.Core;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// The messages of one gRPC call, for an endpoint that also has other things to do than to wait for the next one. Its stream reads; any thread wakes,
/// stops and aborts. The framework's reader has one pending read at most, so a wait that a wake ends leaves the read as it is, and the next
/// wait takes it up again.
/// </summary>
internal sealed class IngestCall : IBatchSource, IValueTaskSource<bool>, IDisposable
{
    private const int Idle = 0;
    private const int Waiting = 1;
    private const int Signalled = 2;

    private readonly IAsyncStreamReader<BatchMessage> _reader;
    private readonly PartialMessageClock? _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _drain = new();
    private readonly Action _onMoved;
    private ManualResetValueTaskSourceCore<bool> _wait;     // Continues on the thread that signals: it has nothing else to do.
    private Task<bool>? _moving;
    private bool _isHooked;
    private bool _hasCurrent;
    private bool _isDraining;
    private bool _isDrained;
    private BatchMessage? _taken;
    private int _state;
    private RpcException? _end;
    private volatile bool _isStopped;

    public IngestCall(IAsyncStreamReader<BatchMessage> reader, string peer, PartialMessageClock? clock = null)
    {
        _reader = reader;
        _clock = clock;
        _onMoved = Signal;
        Peer = peer;
    }

    public string Peer { get; }

    /// <summary>The server drains: the wait says false although the client has not finished.</summary>
    public bool IsStopped => _isStopped;

    /// <summary>What the call must end with: a message that could not be read, or <see cref="Abort"/>.</summary>
    public RpcException? End => Volatile.Read(ref _end);

    public bool TryRead(out ReadOnlyMemory<byte> message)
    {
        ReleaseTaken();
        if (!TryMove())
        {
            message = default;
            return false;
        }
        _hasCurrent = false;
        _taken = _reader.Current;
        message = _taken.Bytes;
        return true;
    }

    /// <summary>True when a message is here, or after <see cref="Wake"/>; false when there will be no more. Never throws.</summary>
    public ValueTask<bool> WaitToReadAsync()
    {
        ReleaseTaken();
        if (TryMove())
        {
            return new ValueTask<bool>(true);
        }
        if (_isDrained || End is not null)
        {
            return new ValueTask<bool>(false);
        }
        if (!_isHooked)
        {
            _isHooked = true;
            _moving!.GetAwaiter().UnsafeOnCompleted(_onMoved);
        }
        _wait.Reset();
        if (Interlocked.CompareExchange(ref _state, Waiting, Idle) != Idle)
        {
            Volatile.Write(ref _state, Idle);               // A signal came in between.
            return new ValueTask<bool>(true);
        }
        return new ValueTask<bool>(this, _wait.Version);
    }

    /// <summary>Ends the pending wait although no message has come. Also after the call.</summary>
    public void Wake() => ThreadPool.UnsafeQueueUserWorkItem(static call => call.Signal(), this, preferLocal: false);

    /// <summary>Messages that are here are still read, then the wait says false.</summary>
    public void StopReading()
    {
        _isStopped = true;
        _stop.Cancel();
    }

    /// <summary>No further message is read, and the call ends with this status.</summary>
    public void Abort(Status status)
    {
        Interlocked.CompareExchange(ref _end, new RpcException(status), null);
        _stop.Cancel();
        _drain.Cancel();
    }

    /// <summary>Ends the call if the message that is half here began to arrive before this time.</summary>
    public void AbortIfPartialBefore(long timestamp)
    {
        if (_clock?.PartialSince is > 0 and var since && since < timestamp)
        {
            Abort(new Status(StatusCode.DeadlineExceeded, "Cannot read message: it began to arrive and did not end in time (Grpc:MessageTimeout)."));
        }
    }

    public void Dispose()
    {
        ReleaseTaken();
        if (_hasCurrent)
        {
            _hasCurrent = false;
            _reader.Current?.Release();
        }
    }

    /// <summary>Moves to the next message, if that needs no waiting.</summary>
    private bool TryMove()
    {
        while (!_hasCurrent && !_isDrained && End is null)
        {
            // A read that was cancelled took nothing: what is here comes by further reads, until one would wait.
            if (_moving is null)
            {
                _isDraining = _isStopped;
                _moving = _reader.MoveNext(_isDraining ? _drain.Token : _stop.Token);
            }
            if (_isDraining && !_moving.IsCompleted)
            {
                _drain.Cancel();
            }
            if (!_moving.IsCompleted)
            {
                return false;
            }
            Task<bool> moved = _moving;
            _moving = null;
            _isHooked = false;
            Take(moved);
        }
        return _hasCurrent && End is null;
    }

    private void Take(Task<bool> moved)
    {
        if (moved.IsCompletedSuccessfully)
        {
            _hasCurrent = moved.Result;
            _isDrained = !_hasCurrent;
        }
        else if (_stop.IsCancellationRequested && (moved.IsCanceled || moved.Exception!.InnerException is OperationCanceledException))
        {
            _isDrained = _drain.IsCancellationRequested;
        }
        else
        {
            Fail(moved.Exception?.InnerException);
        }
    }

    /// <summary>What the framework says about a message stands; everything else is the client's going.</summary>
    private void Fail(Exception? exception) =>
        Interlocked.CompareExchange(
            ref _end, exception as RpcException ?? new RpcException(new Status(StatusCode.Cancelled, "The client reset the stream or its connection was lost.")), null);

    private void Signal()
    {
        if (Interlocked.Exchange(ref _state, Signalled) == Waiting)
        {
            _wait.SetResult(true);
        }
    }

    private void ReleaseTaken()
    {
        _taken?.Release();
        _taken = null;
    }

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        Volatile.Write(ref _state, Idle);
        return _wait.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state, token, flags);
}
