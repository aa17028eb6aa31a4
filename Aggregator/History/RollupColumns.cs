namespace Observability.Aggregator.History;

/// <summary>One series' rollups of one block, read into columns that are used again. One thread.</summary>
internal sealed class RollupColumns
{
    private readonly long[][] _columns = [.. Enumerable.Range(0, RollupTier.SharedColumns + RollupTier.SeriesColumns).Select(_ => new long[RowBlock.RowsMax])];

    public int Rows { get; private set; }

    public ReadOnlySpan<long> BeginsNs => _columns[0];

    public ReadOnlySpan<long> Counts => _columns[1];

    public ReadOnlySpan<long> Last => _columns[2];

    public double Min(int row) => BitConverter.Int64BitsToDouble(_columns[3][row]);

    public double Max(int row) => BitConverter.Int64BitsToDouble(_columns[4][row]);

    public double Sum(int row) => BitConverter.Int64BitsToDouble(_columns[5][row]);

    public void Read(RowBlock block, int column)
    {
        for (int shared = 0; shared < RollupTier.SharedColumns; shared++)
        {
            block.Read(shared, _columns[shared]);
        }
        for (int own = 0; own < RollupTier.SeriesColumns; own++)
        {
            block.Read(RollupTier.SharedColumns + (column * RollupTier.SeriesColumns) + own, _columns[RollupTier.SharedColumns + own]);
        }
        Rows = block.Rows;
    }
}
