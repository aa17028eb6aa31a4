using System.Net.WebSockets;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// One WebSocket: its queue, its one sender at a time, and what it was told. The frame loop and the receiver put into the queue; the sender
/// runs on the thread pool while something is there.
/// </summary>
internal sealed class LiveConnection : IThreadPoolWorkItem
{
    private readonly WebSocket _socket;
    private readonly LiveHub _hub;
    private readonly OutboundQueue _queue;
    private readonly ConnectionSender _sender;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebSocketCloseStatus _closeStatus = WebSocketCloseStatus.NormalClosure;
    private string? _closeReason;
    private int _isAskingForDrained;
    private int _isCut;

    public LiveConnection(WebSocket socket, FrameFormat format, string peer, LiveHub hub)
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
        if (_socket.State != WebSocketState.Closed)
        {
            _socket.Abort();
        }
        _ended.TrySetResult();
    }

    void IThreadPoolWorkItem.Execute() => _ = SendAllAsync();

    private async Task SendAllAsync()
    {
        try
        {
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
            }
            if (Interlocked.Exchange(ref _isAskingForDrained, 0) != 0)
            {
                _hub.OnDrained(Viewer);
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException)
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
}
