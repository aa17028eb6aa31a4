using Observability.Agent.Recording;

namespace Observability.Agent.Batching;

/// <summary>
/// The metrics that every agent produces by itself: rps, error_rate, inflight and latency percentiles as computed gauges; requests_total,
/// errors_total and the latency histogram as instruments of the registry. The push thread's.
/// </summary>
internal sealed class StandardMetrics
{
    private readonly RequestTracker _tracker;
    private readonly RequestWindow _window;
    private readonly int _firstGaugeRef;
    private readonly double[] _gauges = new double[6];
    private long _requestsSeen;
    private long _errorsSeen;

    public StandardMetrics(InstrumentRegistry registry, AgentClock clock, int pushIntervalMs)
    {
        // In this order, so that with and without percentiles the gauges of one push are one run of refs.
        _firstGaugeRef = registry.AddComputedGauge("rps", "1/s").SeriesRef;
        registry.AddComputedGauge("error_rate", "1");
        registry.AddComputedGauge("inflight", "1");
        registry.AddComputedGauge("latency_p50", "ms");
        registry.AddComputedGauge("latency_p95", "ms");
        registry.AddComputedGauge("latency_p99", "ms");
        _tracker = new RequestTracker(
            registry.Counter("requests_total", "1", []),
            registry.Counter("errors_total", "1", []),
            registry.Histogram("latency", "ms", []),
            clock);
        _window = new RequestWindow(pushIntervalMs, clock.PreciseNs());
    }

    public RequestTracker Tracker => _tracker;

    public HistogramHandle Latency => _tracker.Latency;

    /// <summary>Takes the latencies of the interval that ends now; before <see cref="Encode"/>.</summary>
    public void Add(long nowNs, HistogramAccumulator latencies)
    {
        long errors = (long)_tracker.Errors.Total();            // before the requests, so that no error stands without its request
        long requests = (long)_tracker.Requests.Total();
        _window.Add(nowNs, latencies, Math.Max(0, requests - _requestsSeen), Math.Max(0, errors - _errorsSeen));
        _requestsSeen = requests;
        _errorsSeen = errors;
    }

    public void Encode(long nowNs, IntervalEncoder encoder)
    {
        _gauges[0] = _window.Rps;
        _gauges[1] = _window.ErrorRate;
        _gauges[2] = _tracker.Inflight;
        _gauges[3] = _window.P50;
        _gauges[4] = _window.P95;
        _gauges[5] = _window.P99;
        encoder.AddGauges(nowNs, _firstGaugeRef, _gauges.AsSpan(0, _window.HasLatencies ? 6 : 3));
    }
}
