using Observability.Agent.Recording;

namespace Observability.Agent;

/// <summary>
/// One request being served, from <see cref="TelemetryAgent.TrackRequest"/> to <see cref="Dispose"/>. A struct that allocates nothing: keep it
/// in the one variable that a <c>using</c> declares, since a copy would be counted again.
/// </summary>
public struct RequestScope : IDisposable, IEquatable<RequestScope>
{
    private readonly long _startedNs;
    private RequestTracker? _tracker;
    private bool _isError;

    internal RequestScope(RequestTracker tracker)
    {
        _tracker = tracker;
        _startedNs = tracker.Begin();
    }

    /// <summary>Marks the request as failed: it counts in errors_total and error_rate.</summary>
    public void MarkError() => _isError = true;

    /// <summary>Ends the request with a duration that was measured elsewhere. A later <see cref="Dispose"/> does nothing.</summary>
    public void Complete(TimeSpan elapsed)
    {
        RequestTracker? tracker = _tracker;
        _tracker = null;
        tracker?.End(elapsed, _isError);
    }

    /// <summary>Ends the request now. A second call does nothing.</summary>
    public void Dispose()
    {
        RequestTracker? tracker = _tracker;
        _tracker = null;
        tracker?.End(_startedNs, _isError);
    }

    /// <inheritdoc/>
    public readonly bool Equals(RequestScope other) =>
        ReferenceEquals(_tracker, other._tracker) && _startedNs == other._startedNs && _isError == other._isError;

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is RequestScope other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => HashCode.Combine(_startedNs, _isError);

    /// <summary>Whether both are the same request in the same state.</summary>
    public static bool operator ==(RequestScope left, RequestScope right) => left.Equals(right);

    /// <summary>Whether the two differ.</summary>
    public static bool operator !=(RequestScope left, RequestScope right) => !left.Equals(right);
}
