using System.Buffers.Binary;

namespace Observability.Aggregator.History;

/// <summary>Makes blocks: columns are added one by one. One thread: the sealer; its scratch grows to the largest block and stays.</summary>
internal sealed class BlockWriter
{
    private readonly ColumnWriter _columns = new();
    private readonly long[] _timestampsNs = new long[RowBlock.RowsMax];
    private byte[] _scratch = new byte[16 * 1024];
    private long _firstRow;
    private int _rows;
    private int _columnCount;
    private int _columnsAdded;
    private int _at;

    public void Begin(long firstRow, int rows, int columnCount)
    {
        (_firstRow, _rows, _columnCount, _columnsAdded) = (firstRow, rows, columnCount, 0);
        _at = columnCount * sizeof(ushort);
        int bytes = _at + (columnCount * ColumnWriter.BytesMax(rows)) + PackedInts.PaddingBytes;
        if (_scratch.Length < bytes)
        {
            _scratch = new byte[bytes];
        }
    }

    /// <summary>The first one is the timestamps.</summary>
    public void Add(ReadOnlySpan<long> bits, bool isDouble)
    {
        if (_columnsAdded == 0)
        {
            bits.CopyTo(_timestampsNs);
        }
        ByteWriter to = new(_scratch.AsSpan(_at));
        _columns.Write(bits, isDouble, ref to);
        BinaryPrimitives.WriteUInt16LittleEndian(_scratch.AsSpan(_columnsAdded++ * sizeof(ushort)), checked((ushort)to.At));
        _at += to.At;
    }

    /// <param name="receivedNs">When its newest row was received.</param>
    /// <param name="tail">What stands behind the columns, in a form that the caller knows.</param>
    public RowBlock End(long receivedNs, ReadOnlySpan<byte> tail = default)
    {
        if (_columnsAdded != _columnCount)
        {
            throw new System.Diagnostics.UnreachableException($"BUG: a block of {_columnCount} columns was given {_columnsAdded}.");
        }
        byte[] bytes = new byte[_at + tail.Length + PackedInts.PaddingBytes];
        _scratch.AsSpan(0, _at).CopyTo(bytes);
        tail.CopyTo(bytes.AsSpan(_at));
        return new RowBlock(_firstRow, _rows, receivedNs, _timestampsNs.AsSpan(0, _rows), _columnCount, bytes);
    }
}
