using System.Runtime.CompilerServices;
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
    private bool _hasLeft;
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

    /// <summary>Grows when series leave and slots change. Read and written in a turn.</summary>
    public long LeftVersion { get; private set; }

    /// <summary>True once the source is in the catalog no more: open its writer anew.</summary>
    public bool HasLeft { get => Volatile.Read(ref _hasLeft); internal set => Volatile.Write(ref _hasLeft, value); }

    /// <summary>Streams that hold the source: it does not leave. Under the catalog's lock.</summary>
    internal int HolderCount { get; set; }

    internal RowPlace[] Places => _places;

    /// <summary>
    /// Begins a turn, in which series neither leave nor change their slots. Ingestion takes one for each batch; only the sealer, when it lets series leave, ever
    /// makes it wait.
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

    /// <summary>Gives the series that stay, in the order of their slots, slots from 0 on.</summary>
    internal void Renumber(ReadOnlySpan<Series> staying)
    {
        RowPlace[] places = new RowPlace[Math.Max(8, staying.Length)];
        for (int slot = 0; slot < staying.Length; slot++)
        {
            places[slot] = _places[staying[slot].Slot];
            staying[slot].Slot = slot;
        }
        _places = places;
        LeftVersion++;
    }

    internal void Add(Series series)
    {
        if (series.Slot >= _places.Length)
        {
            Array.Resize(ref _places, Math.Max(8, (series.Slot + 1) * 2));
        }
    }

    /// <summary>[Data plane] One value of each of consecutive slots.</summary>
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(Series series, long timestampNs, long bits) => Alone(series).Append(timestampNs, bits, ReceivedNs);

    public void AppendPairs(Series series, ReadOnlySpan<long> pairs) => Alone(series).AppendPairs(pairs, ReceivedNs);

    public void AppendColumns(Series series, ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits) =>
        Alone(series).AppendColumns(timestampsNs, bits, ReceivedNs);

    public void AppendAggregate(Series series, long timestampNs, long bits, in AggregateSlot aggregate) =>
        Alone(series).AppendAggregate(timestampNs, bits, aggregate, ReceivedNs);

    /// <summary>False when the histogram is too large for the ring: the caller counts it as rejected.</summary>
    public bool TryAppend(Series series, long timestampNs, in HistogramSample sample)
    {
        int size = HistogramRecord.Encode(sample, ref _recordScratch);
        return series.Records!.TryAppend(timestampNs, _recordScratch.AsSpan(0, size), ReceivedNs);
    }

    /// <summary>The ring of a series that is written alone, which it is from now on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private RowRing Alone(Series series) => series.AloneRing ?? groups.Separate(this, series.Slot);
}
