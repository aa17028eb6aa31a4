using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>One period's histograms of a series, added up, as a record.</summary>
internal readonly record struct HistogramPeriod(long BeginNs, long ReceivedNs, byte[] Record);

/// <summary>
/// What a histogram series keeps of each period, one second or one minute: a histogram that merges as its samples did. The sealer alone adds and drops; readers
/// are any threads and take no lock. Rows of one period add up.
/// </summary>
internal sealed class HistogramTier(RingBudget budget, long periodNs)
{
    private const int ChunkPeriods = 64;

    // Object header, a place in a chunk.
    private const int OverheadBytes = 56;

    private Chunk[] _chunks = [];

    public long PeriodNs { get; } = periodNs;

    public long BeginOf(long timestampNs) => timestampNs - (((timestampNs % PeriodNs) + PeriodNs) % PeriodNs);

    /// <summary>long.MaxValue when there is none.</summary>
    public long OldestNs => Volatile.Read(ref _chunks) is [{ } first, ..] ? first.Items[0].BeginNs : long.MaxValue;

    public bool IsEmpty => Volatile.Read(ref _chunks).Length == 0;

    public void Add(in HistogramPeriod period)
    {
        Chunk[] chunks = _chunks;
        if (chunks.Length == 0 || chunks[^1].Count == ChunkPeriods)
        {
            Chunk next = new();
            next.Add(period);
            Volatile.Write(ref _chunks, [.. chunks, next]);
        }
        else
        {
            chunks[^1].Add(period);
        }
        budget.Reserve(SizeOf(period));
    }

    /// <summary>Forgets chunks whose newest period was received before this. Returns how many bytes that freed.</summary>
    public long DropBefore(long receivedNs)
    {
        Chunk[] chunks = _chunks;
        int dropped = 0;
        long bytes = 0;
        while (dropped < chunks.Length && chunks[dropped].Items[chunks[dropped].Count - 1].ReceivedNs < receivedNs)
        {
            foreach (HistogramPeriod period in chunks[dropped].Items.AsSpan(0, chunks[dropped].Count))
            {
                bytes += SizeOf(period);
            }
            dropped++;
        }
        if (dropped > 0)
        {
            Volatile.Write(ref _chunks, chunks[dropped..]);
            budget.Release(bytes);
        }
        return bytes;
    }

    /// <summary>What goes together, and how old its newest part is: for eviction.</summary>
    public void AddAges(List<(long ReceivedNs, long Bytes)> ages)
    {
        foreach (Chunk chunk in _chunks)
        {
            long bytes = 0;
            foreach (HistogramPeriod period in chunk.Items.AsSpan(0, chunk.Count))
            {
                bytes += SizeOf(period);
            }
            ages.Add((chunk.Items[chunk.Count - 1].ReceivedNs, bytes));
        }
    }

    /// <summary>Appends periods that begin in [fromNs, untilNs), each a row with the period's begin.</summary>
    public void Read(long fromNs, long untilNs, HistogramBuffer destination)
    {
        foreach (Chunk chunk in Volatile.Read(ref _chunks))
        {
            foreach (HistogramPeriod period in chunk.Items.AsSpan(0, chunk.Count))
            {
                if (period.BeginNs >= fromNs && period.BeginNs < untilNs && !destination.IsFull)
                {
                    HistogramRecord.Decode(period.BeginNs, period.Record, destination);
                }
            }
        }
    }

    private static long SizeOf(in HistogramPeriod period) => period.Record.Length + OverheadBytes;

    private sealed class Chunk
    {
        private int _count;

        public HistogramPeriod[] Items { get; } = new HistogramPeriod[ChunkPeriods];

        public int Count => Volatile.Read(ref _count);

        public void Add(in HistogramPeriod period)
        {
            Items[_count] = period;
            Volatile.Write(ref _count, _count + 1);
        }
    }
}
