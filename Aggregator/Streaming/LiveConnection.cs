using System.Net.Sockets;
using System.Net.WebSockets;
using Observability.Aggregator.Streaming.WebSockets;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// One WebSocket: its queue, its one sender at a time, and what it was told. A frame goes from the frame loop straight to a socket that takes it;
/// everything else waits in the queue, and a sender runs on the thread pool while something is there.
/// </summary>
internal sealed class LiveConnection : IThreadPoolWorkItem
{
    /// <summary>What the ping carries that asks whether the client answers pings at all.</summary>
    private static readonly byte[] Probe = "probe"u8.ToArray();

    /// <summary>What the ping carries whose answer proves an empty way to the client.</summary>
    private static readonly byte[] EmptyWay = "direct"u8.ToArray();

    // It answered the probe. If it does not answer this in time it is served through the web server: no worse, only dearer.
    private static readonly TimeSpan EmptyWayTimeMax = TimeSpan.FromSeconds(1);

    private readonly LiveSocket _socket;
    private readonly LiveHub _hub;
    private readonly OutboundQueue _queue;
    private readonly ConnectionSender _sender;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _emptyWay = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isProbed;
    private long _lastReceivedMs;
    private long _pingedMs;
    private WebSocketCloseStatus _closeStatus = WebSocketCloseStatus.NormalClosure;
    private string? _closeReason;
    private int _isAskingForDrained;
    private int _isCut;

    public LiveConnection(LiveSocket socket, FrameFormat format, string peer, LiveHub hub)
    {
        _socket = socket;
        _hub = hub;
        Peer = peer;
        ConnectedAtNs = hub.UnixNs;
        _queue = new OutboundQueue(hub.Options.QueueFramesMax, hub.Options.QueueTextsMax);
        Acks = new AckWindow(hub.Options.UnackedFramesMax, hub.Options.LagMs);
        _sender = new ConnectionSender(socket, format, Acks, hub);
        Viewer = new Viewer(this, format);
        _lastReceivedMs = hub.NowMs;
    }

    public string Peer { get; }

    public long ConnectedAtNs { get; }

    public AckWindow Acks { get; }

    public Viewer Viewer { get; }

    public bool IsQueueFull => _queue.IsFull;

    public bool Compresses => _socket.Compresses;

    public bool IsIdle => _queue.IsIdle;

    /// <summary>A catch-up is being sent: frames that wait meanwhile are no lag.</summary>
    public bool IsCatchingUp => _sender.IsCatchingUp;

    public long LastSentMs => _sender.LastSentMs;

    public bool IsCut => Volatile.Read(ref _isCut) != 0;

    /// <summary>Completes when nothing more will be sent.</summary>
    public Task Ended => _ended.Task;

    /// <summary>On the frame loop's thread, which owns what it says of the viewer.</summary>
    public LiveConnectionInfo Describe() => new(
        Peer, Viewer.Format, ConnectedAtNs, [.. Viewer.Subscriptions.Select(one => (int)Viewer.RateOf(one).Hz)], Viewer.SlowSteps,
        Acks.UnackedCount, _queue.FrameCount, _queue.TextCount);

    /// <summary>Frames are checked against the queue's bound before they are encoded; a text too many means that the client does not read.</summary>
    public bool Enqueue(in Outbound item)
    {
        if (item.Frame is not null && _socket.IsDirect && _queue.TryBegin())
        {
            return SendNow(item);
        }
        bool added = _queue.TryAdd(item, out bool startSender);
        if (startSender)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
        if (!added && item.Text is not null && !IsCut)
        {
            Cut("it asks faster than it reads");
        }
        return added;
    }

    /// <summary>
    /// Asks the client by a ping whether it answers pings. If it does, it gets another one and nothing more until it answers that: the web
    /// server has then nothing left to send, and from then on bytes go to the socket directly.
    /// </summary>
    public void AskForEmptyWay()
    {
        if (_socket.CanGoDirect)
        {
            Enqueue(Outbound.OfControl(Opcode.Ping, Probe));
        }
    }

    /// <summary>Anything came from the client.</summary>
    public void OnReceived(in WebSocketMessage message)
    {
        Volatile.Write(ref _lastReceivedMs, _hub.NowMs);
        Volatile.Write(ref _pingedMs, 0);
        if (message.Opcode == Opcode.Pong && message.Payload.Span.SequenceEqual(Probe) && !_isProbed)
        {
            _isProbed = true;
            Enqueue(Outbound.OfControl(Opcode.Ping, EmptyWay));
        }
        else if (message.Opcode == Opcode.Pong && message.Payload.Span.SequenceEqual(EmptyWay))
        {
            _emptyWay.TrySetResult();
        }
        else if (message.Opcode is null or Opcode.Close)
        {
            // It will not answer any more; what is left is the close frame.
            _emptyWay.TrySetCanceled();
        }
    }

    /// <summary>Asks a connection that is silent whether it is there. On the frame loop's thread.</summary>
    public void PingIfSilent(long nowMs)
    {
        long pingedMs = Volatile.Read(ref _pingedMs);
        if (pingedMs != 0 && nowMs - pingedMs >= _hub.Options.PongTimeoutMs)
        {
            Cut($"it answered no ping for {_hub.Options.PongTimeoutMs} ms (Streaming:PongTimeoutMs)");
        }
        else if (pingedMs == 0 && nowMs - Volatile.Read(ref _lastReceivedMs) >= _hub.Options.PingIntervalMs)
        {
            Volatile.Write(ref _pingedMs, nowMs);
            Enqueue(Outbound.OfControl(Opcode.Ping, []));
        }
    }

    /// <summary>Sends what waits, then the close frame.</summary>
    public void End(WebSocketCloseStatus status, string? reason)
    {
        _closeStatus = status;
        _closeReason = reason;
        Enqueue(Outbound.End);
    }

    /// <summary>The frame loop wants to know when everything that waits now was sent.</summary>
    public void AskWhenDrained()
    {
        Volatile.Write(ref _isAskingForDrained, 1);
        // An empty text makes the sender run even when the queue emptied meanwhile.
        Enqueue(Outbound.OfText([]));
    }

    public bool IsStuck(long nowMs) => _sender.BusySinceMs is var since and not 0 && nowMs - since > _hub.Options.SendTimeoutMs;

    /// <summary>Ends the connection at once.</summary>
    public void Cut(string reason)
    {
        if (Interlocked.Exchange(ref _isCut, 1) == 0)
        {
            _hub.OnCut(this, reason);
            Abort();
        }
    }

    public void Abort()
    {
        _queue.Close();
        _socket.Abort();
        _ended.TrySetResult();
    }

    /// <summary>After it nothing touches the socket. <paramref name="isClosed"/>: both sides said goodbye, so the web server may close it in peace.</summary>
    public void Finish(bool isClosed)
    {
        _queue.Close();
        if (!isClosed)
        {
            _socket.Abort();
        }
        _socket.EndRequest();
        _ended.TrySetResult();
    }

    void IThreadPoolWorkItem.Execute() => _ = SendAllAsync();

    /// <summary>We are the sender: the socket takes the frame, or the rest and what comes after it is sent by the pool.</summary>
    private bool SendNow(in Outbound item)
    {
        bool isTaken = true;
        try
        {
            if (!_sender.CanSendNow(item))
            {
                isTaken = _queue.TryAdd(item, out _);
            }
            else if (_sender.TrySendNow(item.Frame!))
            {
                item.Frame!.Release();
                if (_queue.TryEnd())
                {
                    return true;
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The other side is gone: the receiver ends it.
            Abort();
            return false;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return isTaken;
    }

    private async Task SendAllAsync()
    {
        try
        {
            await _sender.SendRestAsync();
            while (_queue.TryTake(out Outbound item))
            {
                if (item.IsEnd)
                {
                    await _sender.CloseAsync(_closeStatus, _closeReason);
                    _queue.Close();
                    _ended.TrySetResult();
                    return;
                }
                await _sender.SendAsync(item);
                if (ReferenceEquals(item.Text, EmptyWay))
                {
                    await AwaitEmptyWayAsync();
                }
            }
            if (Interlocked.Exchange(ref _isAskingForDrained, 0) != 0)
            {
                _hub.OnDrained(Viewer);
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // The other side is gone, or the connection was cut: the receiver ends it.
            Abort();
        }
        catch (Exception exception)
        {
            Abort();
            _hub.OnBug(exception);
        }
    }

    private async Task AwaitEmptyWayAsync()
    {
        using var timeout = new CancellationTokenSource();
        await Task.WhenAny(_emptyWay.Task, _ended.Task, Task.Delay(EmptyWayTimeMax, _hub.Time, timeout.Token));
        await timeout.CancelAsync();
        if (_emptyWay.Task.IsCompletedSuccessfully)
        {
            _socket.GoDirect();
        }
    }
}
