namespace Observability.Aggregator.Storage;

/// <summary>
/// One histogram: a delta over its interval. Either base-2 exponential buckets (positive, negative) or explicit ones; the
/// spans belong to the caller and are copied.
/// </summary>
internal readonly ref struct HistogramSample
{
    public ulong Count { get; init; }
    public double Sum { get; init; }
    public double Min { get; init; }
    public double Max { get; init; }

    /// <summary>Base of the exponential buckets: 2^(2^-scale).</summary>
    public int Scale { get; init; }
    public ulong ZeroCount { get; init; }
    public int PositiveOffset { get; init; }
    public ReadOnlySpan<ulong> PositiveCounts { get; init; }
    public int NegativeOffset { get; init; }
    public ReadOnlySpan<ulong> NegativeCounts { get; init; }

    /// <summary>Upper bounds; there is one count more than bounds.</summary>
    public ReadOnlySpan<double> ExplicitBounds { get; init; }
    public ReadOnlySpan<ulong> ExplicitCounts { get; init; }
}
