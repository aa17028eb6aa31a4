namespace Observability.Agent.Recording;

/// <summary>
/// The last second of requests, in slots of one push interval, and the gauges computed from it. The push thread's.
/// </summary>
internal sealed class RequestWindow
{
    public const long WindowNs = 1_000_000_000;

    private readonly Slot[] _slots;
    private readonly HistogramAccumulator _merged = new();
    private readonly long _toleranceNs;
    private int _first;
    private int _count;
    private long _lastEndNs;
    private long _requests;
    private long _errors;

    public RequestWindow(int pushIntervalMs, long startNs)
    {
        long intervalNs = pushIntervalMs * 1_000_000L;
        // A push that comes a little early or late must not change how many slots make a second.
        _toleranceNs = intervalNs / 2;
        _slots = new Slot[(WindowNs / intervalNs) + 2];
        for (int i = 0; i < _slots.Length; i++)
        {
            _slots[i] = new Slot();
        }
        _lastEndNs = startNs;
    }

    /// <summary>Requests per second over the window.</summary>
    public double Rps { get; private set; }

    /// <summary>Failed share of the window's requests, 0 to 1; 0 without requests.</summary>
    public double ErrorRate { get; private set; }

    /// <summary>False while the window holds no request: there are no percentiles then.</summary>
    public bool HasLatencies => _merged.Count != 0;

    public double P50 { get; private set; }

    public double P95 { get; private set; }

    public double P99 { get; private set; }

    /// <summary>Adds the interval that ends now and forgets what is older than the window.</summary>
    public void Add(long endNs, HistogramAccumulator latencies, long requests, long errors)
    {
        while (_count > 0 && (_count == _slots.Length || _slots[_first].EndNs <= endNs - WindowNs + _toleranceNs))
        {
            RemoveFirst();
        }
        Slot slot = _slots[(_first + _count) % _slots.Length];
        slot.StartNs = _lastEndNs;
        slot.EndNs = endNs;
        slot.Requests = requests;
        slot.Errors = errors;
        slot.Latencies.Clear();
        slot.Latencies.Merge(latencies);
        _count++;
        _lastEndNs = endNs;
        _requests += requests;
        _errors += errors;
        Compute(endNs);
    }

    private void RemoveFirst()
    {
        Slot removed = _slots[_first];
        _requests -= removed.Requests;
        _errors -= removed.Errors;
        _first = (_first + 1) % _slots.Length;
        _count--;
    }

    private void Compute(long endNs)
    {
        // Never less than the window: in its first second an agent shows a rate that grows, not one measured over 20 ms.
        double seconds = Math.Max(WindowNs, endNs - _slots[_first].StartNs) / 1e9;
        Rps = Significant.Round(_requests / seconds);
        ErrorRate = _requests == 0 ? 0 : Significant.Round(Math.Min(1, _errors / (double)_requests));
        _merged.Clear();
        for (int i = 0; i < _count; i++)
        {
            _merged.Merge(_slots[(_first + i) % _slots.Length].Latencies);
        }
        if (HasLatencies)
        {
            P50 = Significant.Round(_merged.Quantile(0.50));
            P95 = Significant.Round(_merged.Quantile(0.95));
            P99 = Significant.Round(_merged.Quantile(0.99));
        }
    }

    private sealed class Slot
    {
        public long StartNs;
        public long EndNs;
        public long Requests;
        public long Errors;
        public readonly HistogramAccumulator Latencies = new();
    }
}
