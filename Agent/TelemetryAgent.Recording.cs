using System.Runtime.CompilerServices;

namespace Observability.Agent;

/// <summary>What a program records with: every call is safe on any thread, never throws and allocates nothing once its series is known.</summary>
public sealed partial class TelemetryAgent
{
    /// <summary>Counts a request from now until the scope is disposed; see <see cref="RequestScope"/>. Allocates nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RequestScope TrackRequest() => new(_standard.Tracker);

    /// <summary>Counts a request that was measured elsewhere.</summary>
    public void RecordRequest(TimeSpan elapsed, bool isError = false) => _standard.Tracker.Record(elapsed.TotalMilliseconds, isError);

    /// <summary>The counter of this name and labels.</summary>
    public CounterHandle Counter(string name, params ReadOnlySpan<(string Name, string Value)> labels) => _registry.Counter(name, "", labels);

    /// <summary>The counter of this name and labels, counting in a unit (UCUM: 1, By, s).</summary>
    public CounterHandle Counter(string name, string unit, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Counter(name, unit, labels);

    /// <summary>The gauge of this name and labels.</summary>
    public GaugeHandle Gauge(string name, params ReadOnlySpan<(string Name, string Value)> labels) => _registry.Gauge(name, "", labels);

    /// <summary>The gauge of this name and labels, in a unit (UCUM: 1, By, ms).</summary>
    public GaugeHandle Gauge(string name, string unit, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Gauge(name, unit, labels);

    /// <summary>The histogram of this name and labels.</summary>
    public HistogramHandle Histogram(string name, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Histogram(name, "", labels);

    /// <summary>The histogram of this name and labels, in a unit (UCUM: ms, By).</summary>
    public HistogramHandle Histogram(string name, string unit, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Histogram(name, unit, labels);

    /// <summary>Records a gauge's value. Keep a <see cref="GaugeHandle"/> where this is called very often.</summary>
    public void SetGauge(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Gauge(name, "", labels).Set(value);

    /// <summary>The same as <see cref="SetGauge"/>.</summary>
    public void RecordGauge(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Gauge(name, "", labels).Set(value);

    /// <summary>Adds 1 to a counter.</summary>
    public void IncCounter(string name, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Counter(name, "", labels).Add(1);

    /// <summary>Adds a count to a counter.</summary>
    public void IncCounter(string name, long count, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Counter(name, "", labels).Add(count);

    /// <summary>Takes over a counter's total that is counted elsewhere; a smaller one than before is a reset.</summary>
    public void RecordCounter(string name, long total, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Counter(name, "", labels).SetTotal(total);

    /// <summary>Records a measurement in a histogram.</summary>
    public void RecordHistogram(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        _registry.Histogram(name, "", labels).Record(value);
}
