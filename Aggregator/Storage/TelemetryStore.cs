using System.Diagnostics.CodeAnalysis;
using Observability.Aggregator.History;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// The memory of the aggregator: series, their recent samples and their history. Samples are appended through <see cref="SourceWriter"/>, by one thread at a
/// time for each source, and read here: by any thread, which never stops a writer and never sees a torn value. Where samples lie is hidden from readers.
/// </summary>
[SuppressMessage("Performance", "CA1822", Justification = "The store is the seam: what a member reads today is not its contract.")]
internal sealed class TelemetryStore
{
    private const int ReadRowsMax = 4096;
    private const long MinuteNs = 60_000_000_000;

    public TelemetryStore(StorageOptions options, ulong sessionId)
    {
        Options = options;
        SessionId = sessionId;
        Budget = new RingBudget(options.MemoryBudgetBytes);
        RingLimits limits = new(Budget, options.RingSamplesMax, options.HistogramRingBytesMax, options.RingSecondsMax * 1_000_000_000L);
        Groups = new RowGroups(limits);
        Catalog = new SeriesCatalog(options, limits, Groups);
    }

    public StorageOptions Options { get; }

    /// <summary>Drawn when the aggregator starts: a change tells agents and pages that the memory behind it is gone.</summary>
    public ulong SessionId { get; }

    /// <summary>Signalled once per applied batch.</summary>
    public ArrivalSignal Arrivals { get; } = new();

    /// <summary>Adds, holds and evicts sources and series.</summary>
    public SeriesCatalog Catalog { get; }

    public PublishedList<Source> Sources => Catalog.Sources;

    /// <summary>Every series, in the order of their ids.</summary>
    public ReadOnlySpan<Series> AllSeries => Catalog.Series.AsSpan();

    public int SeriesCount => Catalog.Series.Count;

    public long CatalogVersion => Catalog.Version;

    /// <summary>Bytes of all samples: rings, compressed history, rollups.</summary>
    public long MemoryBytes => Budget.BytesUsed;

    /// <summary>Bytes of the rollups alone: walks all series.</summary>
    public long RollupBytes
    {
        get
        {
            HashSet<RowGroup> groups = [];
            long histograms = 0;
            foreach (Series series in AllSeries)
            {
                histograms += series.Histograms is { } history ? history.Seconds.SizeInBytes + history.Minutes.SizeInBytes : 0;
                for (SeriesTrack? track = series.Track; track is not null; track = track.Former)
                {
                    groups.Add(track.Group);
                }
            }
            return histograms + groups.Sum(group => group.Rollups?.SizeInBytes ?? 0);
        }
    }

    public RingBudget Budget { get; }

    /// <summary>What the sealer has done so far.</summary>
    public HistoryCounters History { get; } = new();

    public RowGroups Groups { get; }

    /// <summary>How often a ring was refused memory to grow.</summary>
    public long RingGrowthsRefused => Budget.RefusedCount;

    public Series? SeriesById(uint id)
    {
        ReadOnlySpan<Series> after = id == 0 ? default : SeriesAfter(id - 1);
        return after.IsEmpty || after[0].Id != id ? null : after[0];
    }

    /// <summary>Every series that was added after the one with this id, in the order of their ids; 0: all.</summary>
    public ReadOnlySpan<Series> SeriesAfter(uint id)
    {
        ReadOnlySpan<Series> all = AllSeries;
        int low = 0;
        int high = all.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (all[middle].Id > id)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return all[low..];
    }

    // ---- Gauges and counters.

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

    // ---- Rollups.

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

    // ---- Histograms: as above, over a record ring and its blocks.

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

/// <summary>
/// What a read returned. <see cref="Overwritten"/>: samples lost to overwriting since the cursor, or before the oldest kept one
/// when the range asked for begins before it. <see cref="Truncated"/>: the destination is full and more is there.
/// </summary>
internal readonly record struct ReadResult(int Count, long Overwritten, bool Truncated);
