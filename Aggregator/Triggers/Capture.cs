namespace Observability.Aggregator.Triggers;

/// <summary>What a firing keeps: every sample of its series between two instants. Immutable once made.</summary>
internal sealed record Capture(Firing Firing, long FromNs, long ToNs, IReadOnlyList<CapturedSeries> Series, int SeriesLeftOut)
{
    public long Bytes { get; } = Series.Sum(series => series.Bytes);
}

/// <summary>Columns of one series. <see cref="Columns"/> are named as in the answers of /api/samples.</summary>
internal sealed record CapturedSeries(
    SeriesIdentity Identity, long Overwritten, long[] TimestampsNs, IReadOnlyList<(string Name, double[] Values)> Columns, ulong[]? Totals)
{
    public long Bytes => (8L * TimestampsNs.Length) + (8L * (Totals?.Length ?? 0)) + Columns.Sum(column => 8L * column.Values.Length);
}
