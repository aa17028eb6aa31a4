using Observability.Aggregator.History;

namespace Observability.Aggregator.Storage;

internal sealed partial class TelemetryStore
{
    private const long MinuteNs = 60_000_000_000;

    /// <summary>The timestamp of the oldest sample that is still whole, when older ones are gone; null when none is gone.</summary>
    public long? OldestKeptNs(Series series)
    {
        if (series.Records is not null)
        {
            HistogramBuffer oldest = new(countMax: 1);
            long position = OldestHistogram(series);
            return position == 0 ? null : ReadNewHistograms(series, ref position, oldest, 1).Count == 1 ? oldest[0].TimestampNs : long.MaxValue;
        }
        if (Scalars(series) is not { } track || track.OldestPosition() is not (long cursor and > 0))
        {
            return null;
        }
        SampleBuffer one = new(countMax: 1);
        return ReadNew(series, ref cursor, one, 1).Count == 1 ? one.TimestampsNs[0] : long.MaxValue;
    }

    /// <summary>
    /// Appends what was kept of each second, and where that is gone of each minute, of periods that begin in [fromNs, untilNs): rows with the period's begin,
    /// min, max, sum, count and last. A counter's sum is its increase. Later rows of the same period add to it. Only what is sealed: what is recent stands in
    /// the samples.
    /// </summary>
    public void ReadRollups(Series series, long fromNs, long untilNs, SampleBuffer destination)
    {
        RollupColumns columns = new();
        long secondsFromNs = long.MaxValue;
        for (SeriesTrack? track = Scalars(series); track is not null; track = track.Former)
        {
            foreach (RowBlock block in RollupsOf(track, isMinutes: false))
            {
                secondsFromNs = Math.Min(secondsFromNs, block.OldestNs);
            }
        }
        // The minute that the seconds begin in is whole in the minutes.
        long cutNs = secondsFromNs == long.MaxValue ? untilNs : Math.Min(untilNs, secondsFromNs + MinuteNs - 1 - ((secondsFromNs + MinuteNs - 1) % MinuteNs));
        AddRollups(Scalars(series), isMinutes: true, fromNs, cutNs, columns, destination);
        AddRollups(Scalars(series), isMinutes: false, Math.Max(fromNs, cutNs), untilNs, columns, destination);
    }

    private static void AddRollups(SeriesTrack? track, bool isMinutes, long fromNs, long untilNs, RollupColumns columns, SampleBuffer destination)
    {
        if (track is null || fromNs >= untilNs)
        {
            return;
        }
        AddRollups(track.Former, isMinutes, fromNs, untilNs, columns, destination);
        foreach (RowBlock block in RollupsOf(track, isMinutes))
        {
            if (block.NewestNs < fromNs || block.OldestNs >= untilNs)
            {
                continue;
            }
            columns.Read(block, track.Column);
            for (int row = 0; row < columns.Rows; row++)
            {
                if (columns.BeginsNs[row] >= fromNs && columns.BeginsNs[row] < untilNs)
                {
                    destination.Add(columns.BeginsNs[row], columns.Last[row], columns.Min(row), columns.Max(row), columns.Sum(row), (ulong)columns.Counts[row]);
                }
            }
        }
    }

    private static ReadOnlySpan<RowBlock> RollupsOf(SeriesTrack track, bool isMinutes) =>
        track.Group.Rollups is not { } rollups ? default : isMinutes ? rollups.Minutes.Blocks.All : rollups.Seconds.Blocks.All;
}
