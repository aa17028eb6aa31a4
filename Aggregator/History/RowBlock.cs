using System.Buffers.Binary;

namespace Observability.Aggregator.History;

/// <summary>
/// Consecutive rows of a group, compressed: a column of timestamps and columns of values, each readable by itself. Immutable; any thread reads,
/// and reading allocates nothing.
/// </summary>
internal sealed class RowBlock
{
    /// <summary>Rows of one block.</summary>
    public const int RowsMax = 512;

    // Object and array headers, a place in a list.
    private const int OverheadBytes = 112;

    private readonly byte[] _bytes;

    // Small, and side by side: there are several blocks for each idle series.
    private readonly ushort _columnCount;
    private readonly ushort _rows;
    private readonly bool _isOrdered;

    public RowBlock(long firstRow, int rows, long receivedNs, ReadOnlySpan<long> timestampsNs, int columnCount, byte[] bytes)
    {
        (FirstRow, _rows, ReceivedNs, _columnCount, _bytes) = (firstRow, checked((ushort)rows), receivedNs, checked((ushort)columnCount), bytes);
        (OldestNs, NewestNs, _isOrdered) = (timestampsNs[0], timestampsNs[0], true);
        for (int row = 1; row < rows; row++)
        {
            _isOrdered &= timestampsNs[row] >= timestampsNs[row - 1];
            OldestNs = Math.Min(OldestNs, timestampsNs[row]);
            NewestNs = Math.Max(NewestNs, timestampsNs[row]);
        }
    }

    public long FirstRow { get; }

    public int Rows => _rows;

    public long EndRow => FirstRow + Rows;

    /// <summary>When its newest row was received, by the aggregator's clock: its age is counted from it.</summary>
    public long ReceivedNs { get; }

    public long OldestNs { get; }

    public long NewestNs { get; }

    public bool IsOrdered => _isOrdered;

    public int ColumnCount => _columnCount;

    public ReadOnlySpan<byte> Bytes => _bytes;

    public long SizeInBytes => _bytes.Length + OverheadBytes;

    /// <summary>A block from its bytes; the scratch is for its timestamps.</summary>
    public static RowBlock Restore(long firstRow, int rows, long receivedNs, int columnCount, byte[] bytes, long[] scratch)
    {
        ColumnReader.Read(bytes.AsSpan(columnCount * sizeof(ushort)), scratch.AsSpan(0, rows));
        return new RowBlock(firstRow, rows, receivedNs, scratch.AsSpan(0, rows), columnCount, bytes);
    }

    /// <summary>[Data plane] All rows of one column; column 0 are the timestamps.</summary>
    public void Read(int column, Span<long> bits) => ColumnReader.Read(From(column), bits[..Rows]);

    /// <summary>What the writer put behind the columns; some padding follows.</summary>
    public ReadOnlySpan<byte> Tail => From(_columnCount);

    private ReadOnlySpan<byte> From(int column)
    {
        int at = _columnCount * sizeof(ushort);
        for (int before = 0; before < column; before++)
        {
            at += BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(before * sizeof(ushort)));
        }
        return _bytes.AsSpan(at);
    }
}
