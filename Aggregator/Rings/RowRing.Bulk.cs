using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Observability.Aggregator.Rings;

/// <summary>
/// Several samples of a ring of one series at once. Appended one by one, each waits for the memory of its row; written as one run of memory, the
/// processor fetches many rows at a time. Readers learn first which rows are going to be overwritten (<see cref="_reserved"/>).
/// </summary>
internal sealed partial class RowRing
{
    /// <summary>Rows that are written before they are published: what readers lose of the oldest, at most a quarter of the ring.</summary>
    internal const int BulkRowsMax = 128;

    // Rows up to here may be in the middle of being written; behind the head while samples come one by one.
    private long _reserved;

    /// <summary>Timestamp and bits of each sample in turn.</summary>
    public void AppendPairs(ReadOnlySpan<long> pairs, long receivedNs)
    {
        Volatile.Write(ref _writing, 1);
        while (!pairs.IsEmpty)
        {
            Span<long> cells = ReserveRows(pairs.Length / 2, receivedNs);
            pairs[..cells.Length].CopyTo(cells);
            PublishRows(cells, receivedNs);
            pairs = pairs[cells.Length..];
        }
        Volatile.Write(ref _writing, 0);
    }

    /// <summary>Timestamps, and as many bits.</summary>
    public void AppendColumns(ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits, long receivedNs)
    {
        Volatile.Write(ref _writing, 1);
        while (!timestampsNs.IsEmpty)
        {
            Span<long> cells = ReserveRows(timestampsNs.Length, receivedNs);
            int count = cells.Length / 2;
            Interleave(timestampsNs[..count], bits[..count], cells);
            PublishRows(cells, receivedNs);
            timestampsNs = timestampsNs[count..];
            bits = bits[count..];
        }
        Volatile.Write(ref _writing, 0);
    }

    private static void Interleave(ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits, Span<long> cells)
    {
        ref long cell = ref MemoryMarshal.GetReference(cells);
        for (int i = 0; i < timestampsNs.Length && i < bits.Length; i++)
        {
            cell = timestampsNs[i];
            Unsafe.Add(ref cell, 1) = bits[i];
            cell = ref Unsafe.Add(ref cell, 2);
        }
    }

    /// <summary>The cells of the next rows that lie side by side: at least one, at most so many.</summary>
    private Span<long> ReserveRows(int countMax, long receivedNs)
    {
        long head = _head;
        if (head >= Volatile.Read(ref _roomEndsAt))
        {
            MakeRoom(head, receivedNs);
        }
        int capacity = _mask + 1;
        int row = (int)head & _mask;
        long room = Volatile.Read(ref _roomEndsAt) - head;      // negative when the ring was asked to park just now: one row is there all the same
        int count = (int)Math.Max(1, Math.Min(Math.Min(countMax, capacity - row), Math.Min(room, Math.Min(BulkRowsMax, capacity / 4))));
        Volatile.Write(ref _reserved, head + count);
        Volatile.WriteBarrier();
        return _cells.AsSpan(row * 2, count * 2);
    }

    private void PublishRows(ReadOnlySpan<long> cells, long receivedNs)
    {
        long head = _head;
        int count = cells.Length / 2;
        if (_aggregates is not null)
        {
            ForgetAggregates((int)head & _mask, count);
        }
        long newest = _newestTimestampNs;
        for (int i = 0; i < count; i++)
        {
            long timestampNs = cells[2 * i];
            if (timestampNs < newest)
            {
                _disorderedAt = head + i;
                _lateRows++;
            }
            newest = Math.Max(newest, timestampNs);
        }
        _newestTimestampNs = newest;
        _receivedNs = receivedNs;
        Volatile.Write(ref _head, head + count);
    }

    private void ForgetAggregates(int row, int count)
    {
        foreach (ref AggregateSlot slot in _aggregates.AsSpan(row, count))
        {
            slot.Count = 0;
        }
    }

    /// <summary>The head, or where rows are being written ahead of it: what lies a lap behind is not to be relied on.</summary>
    private long HeadOrReserved() => Math.Max(Volatile.Read(ref _reserved), Volatile.Read(ref _head));
}
