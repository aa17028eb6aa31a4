using Observability.Aggregator.History;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

internal sealed partial class TelemetryStore
{
    /// <summary>As <see cref="Read"/>, of a histogram series.</summary>
    public ReadResult ReadHistograms(Series series, long fromNs, long toNs, HistogramBuffer destination)
    {
        RecordRing ring = Records(series);
        long end = ring.Head;
        long oldest = OldestHistogram(series);
        long position = oldest;
        long overwritten = oldest;
        int first = destination.Count;
        bool older = false;
        while (position < end)
        {
            if (destination.IsFull)
            {
                return new ReadResult(destination.Count - first, older ? 0 : overwritten, Truncated: true);
            }
            if (BlockOutside(series, position, fromNs, toNs) is { } outside)
            {
                older |= outside.OldestNs < fromNs;
                position = outside.EndRow;
                continue;
            }
            long timestampNs = ReadNext(series, ref position, fromNs, toNs, destination, out long lost) ?? fromNs;
            overwritten += lost;
            older |= timestampNs < fromNs;
            if (timestampNs > toNs && ring.IsOrderedFrom(oldest))
            {
                break;
            }
        }
        return new ReadResult(destination.Count - first, older ? 0 : overwritten, Truncated: false);
    }

    /// <summary>As <see cref="ReadNew"/>, of a histogram series.</summary>
    public ReadResult ReadNewHistograms(Series series, ref long cursor, HistogramBuffer destination, int countMax)
    {
        RecordRing ring = Records(series);
        long overwritten = 0;
        int first = destination.Count;
        while (destination.Count - first < countMax && !destination.IsFull)
        {
            long? met = ReadNext(series, ref cursor, long.MinValue, long.MaxValue, destination, out long lost);
            overwritten += lost;
            if (met is null && lost == 0)
            {
                break;
            }
        }
        return new ReadResult(destination.Count - first, overwritten, Truncated: cursor < ring.Head);
    }

    /// <summary>As <see cref="ReadRollups"/>, of a histogram series: each row is all histograms of its period, added up.</summary>
    public void ReadHistogramRollups(Series series, long fromNs, long untilNs, HistogramBuffer destination)
    {
        if (series.Histograms is not { } history)
        {
            return;
        }
        long secondsFromNs = history.Seconds.OldestNs;
        long cutNs = secondsFromNs == long.MaxValue ? untilNs : Math.Min(untilNs, history.Minutes.BeginOf(secondsFromNs + MinuteNs - 1));
        history.Minutes.Read(fromNs, cutNs, destination);
        history.Seconds.Read(Math.Max(fromNs, cutNs), untilNs, destination);
    }

    /// <summary>
    /// The row at the position, or the next one that is kept, wherever it is; added when its time is in the range. Moves the position behind it. Returns its
    /// time; null when there was none to take, which with <paramref name="lost"/> above 0 says only that the position has moved.
    /// </summary>
    private static long? ReadNext(Series series, ref long position, long fromNs, long toNs, HistogramBuffer destination, out long lost)
    {
        RecordRing ring = series.Records!;
        long wanted = position;
        long behind = wanted;
        bool isInRing = wanted >= ring.OldestPosition();
        long timestampNs = 0;
        int size = -1;
        if (isInRing)
        {
            size = ring.ReadNext(ref behind, ref destination.Scratch, out timestampNs, out lost);
            if (lost == 0)
            {
                return Take(size, timestampNs, ref position, behind, fromNs, toNs, destination);
            }
        }
        // The ring first: what has left it is in a block by now, or lost.
        RowBlock? block = series.Histograms?.Blocks.From(wanted);
        if (block is not null && block.FirstRow <= wanted)
        {
            int row = (int)(wanted - block.FirstRow);
            lost = 0;
            position = wanted + 1;
            timestampNs = destination.TimestampNs(block, row);
            if (timestampNs >= fromNs && timestampNs <= toNs)
            {
                destination.Add(block, row);
            }
            return timestampNs;
        }
        long next = !isInRing ? ring.OldestPosition() : size < 0 ? behind : behind - 1;
        if (block is not null && block.FirstRow < next)
        {
            (next, size) = (block.FirstRow, -1);
            behind = next;
        }
        lost = next - wanted;
        return Take(size, timestampNs, ref position, size < 0 ? next : behind, fromNs, toNs, destination);
    }

    private static long? Take(int size, long timestampNs, ref long position, long behind, long fromNs, long toNs, HistogramBuffer destination)
    {
        position = behind;
        if (size < 0)
        {
            return null;
        }
        if (timestampNs >= fromNs && timestampNs <= toNs)
        {
            HistogramRecord.Decode(timestampNs, destination.Scratch.AsSpan(0, size), destination);
        }
        return timestampNs;
    }

    /// <summary>The block that holds this position when none of its rows lies in the range.</summary>
    private static RowBlock? BlockOutside(Series series, long position, long fromNs, long toNs) =>
        series.Histograms?.Blocks.From(position) is { } block && block.FirstRow <= position && (block.NewestNs < fromNs || block.OldestNs > toNs) ? block : null;

    private static long OldestHistogram(Series series)
    {
        long inRing = Records(series).OldestPosition();
        ReadOnlySpan<RowBlock> blocks = series.Histograms is { } history ? history.Blocks.All : default;
        return blocks.IsEmpty ? inRing : Math.Min(inRing, blocks[0].FirstRow);
    }

    private static long SeekHistograms(Series series, long fromNs)
    {
        long inRing = Records(series).OldestPosition();
        foreach (RowBlock block in series.Histograms is { } history ? history.Blocks.All : default)
        {
            if (block.NewestNs >= fromNs)
            {
                return Math.Min(inRing, block.FirstRow);
            }
        }
        return inRing;
    }

    private static RecordRing Records(Series series) => series.Records
        ?? throw new ArgumentException($"Cannot read {series} as histograms, because it is a {series.Kind}: use Read.", nameof(series));
}
