namespace Observability.Aggregator.Rings;

/// <summary>What a reader takes of rows: one column, or all of it.</summary>
internal sealed partial class RowRing
{
    /// <summary>Where copied rows go. They may be torn until the ring has been asked again: the first ones are then dropped.</summary>
    private interface IRowCopy
    {
        void Take(RowSlots slots, long row, int count);

        void DropFirst(RowSlots slots, int torn, int count);
    }

    private readonly ref struct OneColumn(int column, SampleColumns columns) : IRowCopy
    {
        private readonly SampleColumns _columns = columns;

        public void Take(RowSlots slots, long row, int count) => slots.CopyTo(column, row, count, _columns);

        public void DropFirst(RowSlots slots, int torn, int count) => _columns.DropFirst(torn, count);
    }

    private readonly ref struct WholeRows(Span<long> cells, Span<AggregateSlot> aggregates) : IRowCopy
    {
        private readonly Span<long> _cells = cells;
        private readonly Span<AggregateSlot> _aggregates = aggregates;

        public void Take(RowSlots slots, long row, int count) => slots.CopyRowsTo(row, count, _cells, _aggregates);

        public void DropFirst(RowSlots slots, int torn, int count)
        {
            _cells[(torn * slots.Stride)..(count * slots.Stride)].CopyTo(_cells);
            _aggregates[torn..count].CopyTo(_aggregates);
        }
    }
}
