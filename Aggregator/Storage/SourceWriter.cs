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

    /// <summary>Bytes of the histogram being appended.</summary>
    internal byte[] RecordScratch = [];

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

    internal RowPlace[] Places => _places;

    internal void Add(Series series)
    {
        if (series.Slot >= _places.Length)
        {
            Array.Resize(ref _places, Math.Max(8, series.Slot * 2));
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

    public void AppendAggregate(Series series, long timestampNs, long bits, in AggregateSlot aggregate) =>
        Alone(series).AppendAggregate(timestampNs, bits, aggregate, ReceivedNs);

    /// <summary>The ring of a series that is written alone, which it is from now on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private RowRing Alone(Series series) => series.AloneRing ?? groups.Separate(this, series.Slot);
}
