namespace Observability.Aggregator.Streaming.Viewers;

/// <summary>
/// Which frames a connection was sent and has not acknowledged. The sender tells what was sent, the receiver what was acknowledged, the frame
/// loop asks: a short lock, since each does so at most some hundred times a second. A client that never acknowledges is never late here.
/// </summary>
internal sealed class AckWindow(int unackedMax, int lagMs)
{
    private const int RememberedMax = 128;

    private readonly Lock _lock = new();
    private readonly Queue<long> _unacked = new(RememberedMax);
    private long? _overSinceMs;
    private bool _everAcked;

    public int UnackedCount
    {
        get
        {
            lock (_lock)
            {
                return _unacked.Count;
            }
        }
    }

    public void OnSent(long tick, long nowMs)
    {
        lock (_lock)
        {
            if (_unacked.Count == RememberedMax)
            {
                // Far past what counts as lag already; the oldest one tells nothing more.
                _unacked.Dequeue();
            }
            _unacked.Enqueue(tick);
            Judge(nowMs);
        }
    }

    public void OnAck(long tick, long nowMs)
    {
        lock (_lock)
        {
            _everAcked = true;
            while (_unacked.TryPeek(out long oldest) && oldest <= tick)
            {
                _unacked.Dequeue();
            }
            Judge(nowMs);
        }
    }

    /// <summary>True once more frames than allowed have been unacknowledged for the time allowed.</summary>
    public bool IsLagging(long nowMs)
    {
        lock (_lock)
        {
            return _everAcked && _overSinceMs is { } since && nowMs - since >= lagMs;
        }
    }

    public bool IsOver
    {
        get
        {
            lock (_lock)
            {
                return _everAcked && _overSinceMs is not null;
            }
        }
    }

    /// <summary>After a change of class: the new one gets its own time.</summary>
    public void Restart(long nowMs)
    {
        lock (_lock)
        {
            _unacked.Clear();
            _overSinceMs = null;
            Judge(nowMs);
        }
    }

    private void Judge(long nowMs) => _overSinceMs = _unacked.Count > unackedMax ? _overSinceMs ?? nowMs : null;
}
