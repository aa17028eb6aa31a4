namespace Observability.Aggregator.Triggers;

/// <summary>The newest firings and what they keep, within limits on number and memory: the oldest goes first. Any thread.</summary>
internal sealed class FiringLog(TriggerOptions options)
{
    private readonly Lock _gate = new();
    private readonly Queue<Firing> _firings = new();
    private readonly Queue<Capture> _captures = new();
    private readonly Dictionary<long, Capture> _captureById = [];
    private long _captureBytes;
    private long _capturesDropped;
    private long _total;

    /// <summary>Firings since the start.</summary>
    public long Total => Volatile.Read(ref _total);

    public long CaptureBytes => Volatile.Read(ref _captureBytes);

    /// <summary>Captures that were not kept, or had to go before their firing did.</summary>
    public long CapturesDropped => Volatile.Read(ref _capturesDropped);

    public Firing Add(Func<long, Firing> make)
    {
        lock (_gate)
        {
            Firing firing = make(++_total);
            _firings.Enqueue(firing);
            if (_firings.Count > options.FiringsMax && _firings.Dequeue() is var oldest && _captureById.Remove(oldest.Id, out Capture? kept))
            {
                _captureBytes -= kept.Bytes;
            }
            return firing;
        }
    }

    public void Keep(Capture capture)
    {
        lock (_gate)
        {
            if (capture.Bytes > options.CaptureBytesMax)
            {
                DropLocked(capture.Firing);
                return;
            }
            _captures.Enqueue(capture);
            _captureById[capture.Firing.Id] = capture;
            _captureBytes += capture.Bytes;
            capture.Firing.Capture = CaptureState.Ready;
            while (_captureBytes > options.CaptureBytesMax)
            {
                Capture oldest = _captures.Dequeue();
                if (_captureById.Remove(oldest.Firing.Id))
                {
                    _captureBytes -= oldest.Bytes;
                    DropLocked(oldest.Firing);
                }
            }
            while (_captures.TryPeek(out Capture? first) && !_captureById.ContainsKey(first.Firing.Id))
            {
                _captures.Dequeue();                        // its firing has left the history
            }
        }
    }

    public void Drop(Firing firing)
    {
        lock (_gate)
        {
            DropLocked(firing);
        }
    }

    /// <summary>Newest first.</summary>
    public (long Total, IReadOnlyList<Firing> Firings) List(string? ruleId, int limit)
    {
        lock (_gate)
        {
            Firing[] matching = [.. _firings.Where(firing => ruleId is null || firing.Rule.Id == ruleId)];
            return (matching.Length, [.. matching.Reverse().Take(limit)]);
        }
    }

    public Firing? TryFind(long id, out Capture? capture)
    {
        lock (_gate)
        {
            capture = _captureById.GetValueOrDefault(id);
            return _firings.FirstOrDefault(firing => firing.Id == id);
        }
    }

    private void DropLocked(Firing firing)
    {
        firing.Capture = CaptureState.Dropped;
        _capturesDropped++;
    }
}
