using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Which series share a ring. A row that comes again and again becomes one group; a sample that does not fit splits its group where it must. The
/// samples so far stay where they are: a series' track tells. Called by the writers, each for its own source; rare.
/// </summary>
internal sealed class RowGroups(RingLimits limits)
{
    public const int PatienceFirst = 8;

    /// <summary>Series of one group: a row of 2 KB.</summary>
    public const int WidthMax = 256;

    private const int PatienceMax = 1 << 20;

    private readonly ConcurrentQueue<RowGroup> _made = new();
    private long _formed;
    private long _split;

    /// <summary>Groups of more than one series that were made, and split again.</summary>
    public long FormedCount => Volatile.Read(ref _formed);

    public long SplitCount => Volatile.Read(ref _split);

    /// <summary>The next group that was made and that the sealer does not know yet.</summary>
    public bool TryTakeMade([NotNullWhen(true)] out RowGroup? group) => _made.TryDequeue(out group);

    /// <summary>A group as it was when its history was written: closed, its rows in blocks that the caller adds.</summary>
    public RowGroup Restore(int width, SeriesKind kind, long rows, long newestTimestampNs, long receivedNs)
    {
        RowGroup group = new(limits, width, kind, newestTimestampNs);
        group.Ring.Restore(rows, receivedNs);
        group.Close();
        _made.Enqueue(group);
        return group;
    }

    /// <summary>[Data plane] A row over several groups, or a part of one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void AppendParts(SourceWriter writer, long timestampNs, int firstSlot, ReadOnlySpan<long> bits)
    {
        if (MayJoin(writer, firstSlot, bits.Length))
        {
            Join(writer, firstSlot, bits.Length);
        }
        int at = 0;
        while (at < bits.Length)
        {
            RowRing ring = RingAt(writer, firstSlot + at, bits.Length - at);
            if (ring.Width == 1)
            {
                ring.Append(timestampNs, bits[at], writer.ReceivedNs);
            }
            else
            {
                ring.AppendRow(timestampNs, bits.Slice(at, ring.Width), writer.ReceivedNs);
            }
            at += ring.Width;
        }
    }

    /// <summary>The ring of a slot that is to be written alone.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public RowRing Separate(SourceWriter writer, int slot) => RingAt(writer, slot, 1);

    /// <summary>The ring whose row begins at this slot and is not longer than this: as it is, new, or split off.</summary>
    private RowRing RingAt(SourceWriter writer, int slot, int lengthMax)
    {
        ref RowPlace place = ref writer.Places[slot];
        if (place.Ring is null)
        {
            Move(writer, slot, 1, withFormer: false);
        }
        else if (place.Column != 0 || place.Ring.Width > lengthMax)
        {
            Split(writer, slot, lengthMax);
        }
        return place.Ring!;
    }

    private void Split(SourceWriter writer, int slot, int lengthMax)
    {
        RowPlace place = writer.Places[slot];
        int first = slot - place.Column;
        int end = first + place.Ring!.Width;
        int until = Math.Min(slot + lengthMax, end);
        RowGroup former = writer.Source.Series[slot].Track!.Group;
        Move(writer, first, slot - first, withFormer: true);
        Move(writer, slot, until - slot, withFormer: true);
        Move(writer, until, end - until, withFormer: true);
        former.Close();
        writer.Patience = Math.Min(writer.Patience * 2, PatienceMax);
        Interlocked.Increment(ref _split);
    }

    /// <summary>True when the same row has come often enough to be worth a group of its own.</summary>
    private static bool MayJoin(SourceWriter writer, int firstSlot, int length)
    {
        ref RowPlace place = ref writer.Places[firstSlot];
        if (place.RowLength != length)
        {
            (place.RowLength, place.RowRepeats) = (length, 0);
            return false;
        }
        if (length == 1 || ++place.RowRepeats < writer.Patience)
        {
            return false;
        }
        place.RowRepeats = 0;
        return true;
    }

    private void Join(SourceWriter writer, int firstSlot, int length)
    {
        int end = firstSlot + length;
        for (int slot = firstSlot; slot < end;)
        {
            int width = Math.Min(WidthMax, end - slot);
            int last = slot + width - 1;
            // A group that reaches beyond the row would have to be split: the row is then written in parts.
            bool isWhole = writer.Places[slot].Column == 0 && (writer.Places[last].Ring is not { } ring || writer.Places[last].Column == ring.Width - 1);
            if (isWhole && width > (writer.Places[slot].Ring?.Width ?? 0) && !HasAggregates(writer, slot, width))
            {
                CloseGroups(writer, slot, width);
                Move(writer, slot, width, withFormer: true);
                Interlocked.Increment(ref _formed);
            }
            slot += width;
        }
    }

    private static bool HasAggregates(SourceWriter writer, int slot, int width)
    {
        for (int at = slot; at < slot + width; at++)
        {
            if (writer.Places[at].Ring is { HasAggregates: true })
            {
                return true;
            }
        }
        return false;
    }

    private static void CloseGroups(SourceWriter writer, int slot, int width)
    {
        for (int at = slot; at < slot + width; at++)
        {
            writer.Source.Series[at].Track?.Group.Close();
        }
    }

    /// <summary>From now on these slots are written together, and apart from others.</summary>
    private void Move(SourceWriter writer, int slot, int width, bool withFormer)
    {
        if (width == 0)
        {
            return;
        }
        long newestNs = long.MinValue;
        for (int at = slot; at < slot + width; at++)
        {
            newestNs = Math.Max(newestNs, withFormer && writer.Places[at].Ring is { } ring ? ring.NewestTimestampNs : long.MinValue);
        }
        RowGroup group = new(limits, width, writer.Source.Series[slot].Kind, newestNs);
        _made.Enqueue(group);
        for (int column = 0; column < width; column++)
        {
            ref RowPlace place = ref writer.Places[slot + column];
            Series series = writer.Source.Series[slot + column];
            (place.Ring, place.Column) = (group.Ring, column);
            series.MoveTo(group, column, width == 1);
        }
    }
}
