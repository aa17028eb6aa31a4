using System.Net.WebSockets;
using Observability.Aggregator.Streaming.Frames;
using Observability.Aggregator.Streaming.Viewers;

namespace Observability.Aggregator.Streaming.Connections;

/// <summary>
/// One WebSocket: its queue, and its one sender at a time. The frame loop gives a frame to the socket itself if nothing waits before it;
/// everything else waits in the queue, and a sender runs on the thread pool while something is there.
/// </summary>
internal sealed class LiveConnection : IThreadPoolWorkItem
{
    private readonly LiveSocket _socket;
    private readonly LiveHub _hub;
    private readonly OutboundQueue _queue;
    private readonly ConnectionSender _sender;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebSocketCloseStatus _closeStatus = WebSocketCloseStatus.NormalClosure;
    private string? _closeReason;
    private int _isAskingForDrained;
    private int _isDisconnected;

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
    }

    public string Peer { get; }

    public long ConnectedAtNs { get; }

    public AckWindow Acks { get; }

    public Viewer Viewer { get; }

    public bool IsQueueFull => _queue.IsFull;

    public bool IsIdle => _queue.IsIdle;

    /// <summary>A catch-up is being sent: frames that wait meanwhile are no lag.</summary>
    public bool IsCatchingUp => _sender.IsCatchingUp;

    public long LastSentMs => _sender.LastSentMs;

    /// <summary>We ended it.</summary>
    public bool IsDisconnected => Volatile.Read(ref _isDisconnected) != 0;

    /// <summary>Completes when nothing more will be sent.</summary>
    public Task Ended => _ended.Task;

    /// <summary>On the frame loop's thread, which owns what it says of the viewer.</summary>
    public LiveConnectionInfo Describe() => new(
        Peer, Viewer.Format, ConnectedAtNs, [.. Viewer.Subscriptions.Select(one => (int)Viewer.RateOf(one).Hz)], Viewer.SlowSteps,
        Acks.UnackedCount, _queue.FrameCount, _queue.TextCount);

    /// <summary>Frames are checked against the queue's bound before they are encoded; a text too many means that the client does not read.</summary>
    public bool Enqueue(in Outbound item)
    {
        if (item.Frame is not null && _sender.CanSendNow(item) && _queue.TryBegin())
        {
            SendNow(item.Frame);
            return true;
        }
        bool added = _queue.TryAdd(item, out bool startSender);
        if (startSender)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
        if (!added && item.Text is not null && !IsDisconnected)
        {
            Disconnect("it asks faster than it reads");
        }
        return added;
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

    /// <summary>Ends the connection at once, which is logged with the reason and counted.</summary>
    public void Disconnect(string reason)
    {
        if (Interlocked.Exchange(ref _isDisconnected, 1) == 0)
        {
            _hub.OnDisconnected(this, reason);
            Abort();
        }
    }

    /// <summary>Sends nothing more. False: a send is in progress, so that the socket cannot be closed in peace.</summary>
    public bool TryStop()
    {
        if (!_queue.TryBegin())
        {
            return false;
        }
        _queue.Close();
        _ended.TrySetResult();
        return true;
    }

    public void Abort()
    {
        _queue.Close();
        _socket.Abort();
        _ended.TrySetResult();
    }

    /// <summary>After it nothing touches the socket. <paramref name="isClosed"/>: close frames were exchanged, so the web server may close it in peace.</summary>
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

    /// <summary>We are the sender: the socket takes the frame, or the pool waits for it and sends what comes after it.</summary>
    private void SendNow(PooledFrame frame)
    {
        if (_sender.TrySendNow(frame))
        {
            frame.Release();
            if (_queue.TryEnd())
            {
                return;
            }
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private async Task SendAllAsync()
    {
        try
        {
            await _sender.FinishAsync();
            while (_queue.TryTake(out Outbound item))
            {
                if (item.IsEnd)
                {
                    await _socket.CloseAsync(_closeStatus, _closeReason);
                    _queue.Close();
                    _ended.TrySetResult();
                    return;
                }
                await _sender.SendAsync(item);
            }
            if (Interlocked.Exchange(ref _isAskingForDrained, 0) != 0)
            {
                _hub.OnDrained(Viewer);
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // The other side is gone, or we disconnected it: the receiver ends it.
            Abort();
        }
        catch (Exception exception)
        {
            Abort();
            _hub.OnBug(exception);
        }
    }
}

/// <summary>One connection of the live stream at one moment, for /api/status. Rates are those in force, in the order of its subscriptions.</summary>
internal sealed record LiveConnectionInfo(
    string Peer, FrameFormat Format, long ConnectedAtNs, IReadOnlyList<int> RatesHz, int SlowSteps, int UnackedFrames, int QueuedFrames, int QueuedTexts);
