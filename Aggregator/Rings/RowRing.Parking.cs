namespace Observability.Aggregator.Rings;

/// <summary>
/// How an idle ring's memory is taken without a lock, by one thread that is not the writer. First the parker closes the fast path; then it makes
/// every processor finish what it was doing (once for many rings); a writer that is not inside an append by then will find the fast path closed
/// and come through the published reference, where whoever replaces it first wins.
/// </summary>
internal sealed partial class RowRing
{
    private const long ParkAsked = -1;

    /// <summary>A fresh ring takes the place of one that had so many rows, all of them sealed: as if parked.</summary>
    public void Restore(long rows, long receivedNs)
    {
        (_head, _sealedRows, _receivedNs) = (rows, rows, receivedNs);
        _published = new RowSlots(0, _width, withAggregates: false, rows);
    }

    /// <summary>First step. The caller then calls Interlocked.MemoryBarrierProcessWide, once for all rings it asked. Returns the head to park at.</summary>
    public long AskToPark()
    {
        long head = Volatile.Read(ref _head);
        Volatile.Write(ref _roomEndsAt, ParkAsked);
        return head;
    }

    /// <summary>
    /// Second step. Gives back the memory when nothing was appended since the first step, nobody is appending, and all rows are sealed. The ring
    /// goes on with its next append, from its first size.
    /// </summary>
    public bool TryPark(long headWhenAsked)
    {
        RowSlots slots = Volatile.Read(ref _published);
        long[] cells = _cells;
        AggregateSlot[]? aggregates = _aggregates;
        if (Volatile.Read(ref _writing) != 0 || Volatile.Read(ref _head) != headWhenAsked || SealedRows < headWhenAsked || slots.Capacity == 0
            || !ReferenceEquals(cells, slots.Cells))
        {
            return false;
        }
        RowSlots parked = new(0, _width, withAggregates: false, headWhenAsked);
        if (!ReferenceEquals(Interlocked.CompareExchange(ref _published, parked, slots), slots))
        {
            return false;
        }
        // The writer, if it is back, allocates: its new cells must not be taken for the old ones.
        Interlocked.CompareExchange(ref _cells, [], cells);
        Interlocked.CompareExchange(ref _aggregates, null, aggregates);
        _limits.Budget.Release(slots.SizeInBytes);
        return true;
    }
}
