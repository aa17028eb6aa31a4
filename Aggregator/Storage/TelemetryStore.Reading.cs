using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

internal sealed partial class TelemetryStore
{
    private const int ReadRowsMax = 4096;

    /// <summary>
    /// Appends to <paramref name="destination"/> the kept samples of a gauge or counter with fromNs &lt;= timestamp &lt;= toNs, in
    /// the order in which they were appended. Any thread.
    /// </summary>
    public ReadResult Read(Series series, long fromNs, long toNs, SampleBuffer destination)
    {
        if (Scalars(series) is not { } track)
        {
            return default;
        }
        long end = track.Head;
        long oldest = track.OldestPosition();
        long position = track.Seek(fromNs);
        long overwritten = position <= oldest ? position : 0;
        int total = 0;
        while (position < end)
        {
            SampleColumns free = destination.Free((int)Math.Min(end - position, ReadRowsMax));
            if (free.Length == 0)
            {
                return new ReadResult(total, overwritten, Truncated: true);
            }
            int first = destination.Count;
            bool ordered = track.IsOrderedFrom(position, out long until);
            int copied = track.CopyFrom(ref position, free, out long lost);
            // A kept sample from before the range proves that nothing of the range was overwritten.
            overwritten = copied > 0 && free.TimestampsNs[0] < fromNs ? 0 : overwritten + lost;
            destination.Advance(copied);
            if (ordered && copied > 0 && free.TimestampsNs[copied - 1] > toNs)
            {
                position = until;
            }
            bool isWithin = ordered && copied > 0 && free.TimestampsNs[0] >= fromNs && free.TimestampsNs[copied - 1] <= toNs;
            total += isWithin ? copied : destination.KeepRange(first, fromNs, toNs);
        }
        return new ReadResult(total, overwritten, Truncated: false);
    }

    /// <summary>
    /// Appends at most <paramref name="countMax"/> samples from <paramref name="cursor"/> on, and moves it behind them. A cursor is
    /// a position in the series: begin with its Head (only what comes next) or less (Head - n, or 0). Any thread.
    /// </summary>
    public ReadResult ReadNew(Series series, ref long cursor, SampleBuffer destination, int countMax)
    {
        SeriesTrack? track = Scalars(series);
        long end = track?.Head ?? 0;
        long overwritten = 0;
        int total = 0;
        while (cursor < end && total < countMax)
        {
            SampleColumns free = destination.Free((int)Math.Min(end - cursor, countMax - total));
            if (free.Length == 0)
            {
                break;
            }
            int copied = track!.CopyFrom(ref cursor, free, out long lost);
            destination.Advance(copied);
            total += copied;
            overwritten += lost;
        }
        return new ReadResult(total, overwritten, Truncated: cursor < series.Head);
    }

    /// <summary>
    /// A cursor from which <see cref="ReadNew"/> meets every kept sample at or after <paramref name="fromNs"/>; it may meet older ones too.
    /// </summary>
    public long Seek(Series series, long fromNs) => series.Records is not null ? SeekHistograms(series, fromNs) : series.Track?.Seek(fromNs) ?? 0;

    /// <summary>Null before the first sample.</summary>
    private static SeriesTrack? Scalars(Series series) => series.Kind != SeriesKind.Histogram
        ? series.Track
        : throw new ArgumentException($"Cannot read {series} as samples, because it holds histograms: use ReadHistograms.", nameof(series));
}
