using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// The right to write one source's region. There is one per source, and only one thread at a time uses it (ingestion's shard):
/// nothing here is safe for two.
/// </summary>
internal sealed class SourceWriter(Source source, ServiceUsage usage, RowGroups groups)
{
    private RowPlace[] _places = [];
    private int _turn;
    private bool _isEvicted;
    private byte[] _recordScratch = [];    // Bytes of the histogram being appended.

    public Source Source { get; } = source;

    internal ServiceUsage Usage { get; } = usage;

    /// <summary>When the batch being applied was received, by the aggregator's clock. Set once per batch.</summary>
    public long ReceivedNs { get; set; }

    /// <summary>The newest timestamp of the history that was read back at start: what is replayed up to it is here already.</summary>
    public long RestoredUntilNs { get; set; } = long.MinValue;

    /// <summary>Samples up to here are not to be applied. Set once per batch.</summary>
    public long SkipUntilNs { get; set; } = long.MinValue;

    /// <summary>
    /// How often the same row must come before its series are put into one group. Doubles whenever a group had to be split, so that a sender whose
    /// rows change all the time does not make us regroup all the time.
    /// </summary>
    internal int Patience { get; set; } = RowGroups.PatienceFirst;

    /// <summary>Grows when series are evicted and slots change. Read and written in a turn.</summary>
    public long EvictionVersion { get; private set; }

    /// <summary>True once the source is no longer in the catalog: open its writer anew.</summary>
    public bool IsEvicted { get => Volatile.Read(ref _isEvicted); internal set => Volatile.Write(ref _isEvicted, value); }

    /// <summary>Streams that hold the source, so that it is not evicted. Under the catalog's lock.</summary>
    internal int HolderCount { get; set; }

    internal RowPlace[] Places => _places;

    /// <summary>
    /// Begins a turn, in which no series is evicted or changes its slot. Ingestion takes one for each batch; only the sealer ever makes it wait, while it
    /// evicts series of this source.
    /// </summary>
    public void Enter()
    {
        if (!TryEnter())
        {
            WaitForTurn();
        }
    }

    public bool TryEnter() => Interlocked.CompareExchange(ref _turn, 1, 0) == 0;

    public void Exit() => Volatile.Write(ref _turn, 0);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WaitForTurn()
    {
        SpinWait wait = default;
        while (!TryEnter())
        {
            wait.SpinOnce();
        }
    }

    /// <summary>Numbers the series that are kept, in the order of their slots, from 0 on.</summary>
    internal void Renumber(ReadOnlySpan<Series> kept)
    {
        RowPlace[] places = new RowPlace[Math.Max(8, kept.Length)];
        for (int slot = 0; slot < kept.Length; slot++)
        {
            places[slot] = _places[kept[slot].Slot];
            kept[slot].Slot = slot;
        }
        _places = places;
        EvictionVersion++;
    }

    internal void Add(Series series)
    {
        if (series.Slot >= _places.Length)
        {
            Array.Resize(ref _places, Math.Max(8, (series.Slot + 1) * 2));
        }
    }

    /// <summary>[Data plane] One value of each of consecutive slots, by its bits.</summary>
    public void AppendRow(long timestampNs, int firstSlot, ReadOnlySpan<long> bits)
    {
        ref RowPlace place = ref _places[firstSlot];
        if (place.Ring is { } ring && ring.Width == bits.Length && place.Column == 0)
        {
            ring.AppendRow(timestampNs, bits, ReceivedNs);
        }
        else
        {
            groups.AppendParts(this, timestampNs, firstSlot, bits);
        }
    }

    public void AppendRow(long timestampNs, int firstSlot, ReadOnlySpan<double> values) => AppendRow(timestampNs, firstSlot, MemoryMarshal.Cast<double, long>(values));

    public void AppendRow(long timestampNs, int firstSlot, ReadOnlySpan<ulong> values) => AppendRow(timestampNs, firstSlot, MemoryMarshal.Cast<ulong, long>(values));

    /// <summary>[Data plane] A sample of a gauge or a counter, by the bits of its value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AppendBits(Series series, long timestampNs, long bits) => AloneRingOf(series).Append(timestampNs, bits, ReceivedNs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(Series series, long timestampNs, double value) => AppendBits(series, timestampNs, BitConverter.DoubleToInt64Bits(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(Series series, long timestampNs, ulong value) => AppendBits(series, timestampNs, (long)value);

    /// <summary>[Data plane] Samples of a gauge or a counter: timestamp and bits of each in turn.</summary>
    public void AppendPairs(Series series, ReadOnlySpan<ulong> pairs) => AloneRingOf(series).AppendPairs(MemoryMarshal.Cast<ulong, long>(pairs), ReceivedNs);

    /// <summary>[Data plane] Samples of a gauge or a counter: timestamps, and the bits of as many values.</summary>
    public void AppendColumns(Series series, ReadOnlySpan<ulong> timestampsNs, ReadOnlySpan<ulong> bits) =>
        AloneRingOf(series).AppendColumns(MemoryMarshal.Cast<ulong, long>(timestampsNs), MemoryMarshal.Cast<ulong, long>(bits), ReceivedNs);

    /// <summary>[Data plane] A conflated gauge; the timestamp is the interval's end, <paramref name="last"/> its last value.</summary>
    public void AppendAggregate(Series series, long timestampNs, double last, in AggregateSlot aggregate) =>
        AloneRingOf(series).AppendAggregate(timestampNs, BitConverter.DoubleToInt64Bits(last), aggregate, ReceivedNs);

    /// <summary>[Data plane] False when the histogram is too large for the ring: the caller counts it as rejected.</summary>
    public bool TryAppend(Series series, long timestampNs, in HistogramSample sample)
    {
        int size = HistogramRecord.Encode(sample, ref _recordScratch);
        return series.Records!.TryAppend(timestampNs, _recordScratch.AsSpan(0, size), ReceivedNs);
    }

    /// <summary>The ring of a series that is written alone, which it is from now on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private RowRing AloneRingOf(Series series) => series.AloneRing ?? groups.Separate(this, series.Slot);
}

/// <summary>Where the writer puts the next sample of a slot. The ring is null before the first sample, and where the slot holds histograms.</summary>
internal struct RowPlace
{
    public RowRing? Ring;
    public int Column;

    /// <summary>How long the rows were that began at this slot and did not fit one group, and how often in a row.</summary>
    public int RowLength;
    public int RowRepeats;
}
