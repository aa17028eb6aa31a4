namespace Observability.Aggregator.History;

/// <summary>
/// Writes a column of a block in the form that takes the fewest bytes; whatever the values are, they read back bit for bit. One thread: the sealer.
/// </summary>
internal sealed class ColumnWriter
{
    /// <summary>A column of decimal numbers may hold one in so many values that is none.</summary>
    private const int ExceptionShare = 8;

    private readonly long[] _distinct = new long[RowBlock.RowsMax];
    private readonly long[] _wholes = new long[RowBlock.RowsMax];
    private readonly long[] _differences = new long[RowBlock.RowsMax];
    private readonly long[] _secondDifferences = new long[RowBlock.RowsMax];
    private readonly int[] _exceptions = new int[RowBlock.RowsMax / ExceptionShare];

    /// <summary>Bytes that a column of so many rows takes at most.</summary>
    public static int BytesMax(int rows) => 64 + (rows * 24);

    public void Write(scoped ReadOnlySpan<long> bits, bool isDouble, ref ByteWriter to)
    {
        int repeats = 0;
        for (int i = 1; i < bits.Length; i++)
        {
            repeats += bits[i] == bits[i - 1] ? 1 : 0;
        }
        // A bit a row for the repetition pays when every fourth value repeats; a column that never changes takes no bits at all.
        bool hasRepeats = repeats * 4 > bits.Length && repeats < bits.Length - 1;
        int start = to.At;
        to.Byte(0);
        scoped ReadOnlySpan<long> values = hasRepeats ? Distinct(bits, ref to) : bits;
        int exceptions = 0;
        int transform = isDouble ? WholesOf(values, out exceptions) : MultiplesOf(values);
        ReadOnlySpan<long> wholes = transform == ColumnForm.Plain ? values : _wholes.AsSpan(0, values.Length);
        int order = WriteWholes(wholes, ref to);
        ColumnForm form = new(order, hasRepeats, transform);
        if (form.IsDecimal)
        {
            WriteExceptions(values, _exceptions.AsSpan(0, exceptions), ref to);
        }
        int end = to.At;
        to.Rewind(start);
        to.Byte(form.ToByte());
        to.Rewind(end);
    }

    private ReadOnlySpan<long> Distinct(scoped ReadOnlySpan<long> bits, ref ByteWriter to)
    {
        Span<byte> isNew = to.Zeroes((bits.Length + 7) >> 3);
        int count = 0;
        for (int row = 0; row < bits.Length; row++)
        {
            if (row == 0 || bits[row] != bits[row - 1])
            {
                isNew[row >> 3] |= (byte)(1 << (row & 7));
                _distinct[count++] = bits[row];
            }
        }
        return _distinct.AsSpan(0, count);
    }

    private int WholesOf(ReadOnlySpan<long> values, out int exceptions)
    {
        int exponent = Decimals.ToWholes(values, _wholes, _exceptions.AsSpan(0, values.Length / ExceptionShare), out exceptions);
        return exponent < 0 ? ColumnForm.Plain : ColumnForm.DecimalsFrom + exponent;
    }

    private int MultiplesOf(ReadOnlySpan<long> values)
    {
        for (int index = ColumnForm.AllMultiples.Length - 1; index >= 0; index--)
        {
            if (TryDivide(values, ColumnForm.AllMultiples[index]))
            {
                return ColumnForm.MultiplesFrom + index;
            }
        }
        return ColumnForm.Plain;
    }

    private bool TryDivide(ReadOnlySpan<long> values, long multiple)
    {
        for (int i = 0; i < values.Length; i++)
        {
            (long quotient, long rest) = Math.DivRem(values[i], multiple);
            if (rest != 0)
            {
                return false;
            }
            _wholes[i] = quotient;
        }
        return true;
    }

    private int WriteWholes(scoped ReadOnlySpan<long> wholes, ref ByteWriter to)
    {
        int best = PackedInts.Measure(wholes, out PackedForm form);
        Span<long> first = _differences.AsSpan(0, wholes.Length);
        Differentiate(wholes, first);
        int size = PackedInts.Measure(first, out PackedForm ofFirst);
        if (size >= best)
        {
            // What differences make no smaller, differences of those would not either.
            PackedInts.Write(wholes, form, ref to);
            return 0;
        }
        Span<long> second = _secondDifferences.AsSpan(0, wholes.Length);
        Differentiate(first, second);
        if (PackedInts.Measure(second, out PackedForm ofSecond) < size)
        {
            PackedInts.Write(second, ofSecond, ref to);
            return 2;
        }
        PackedInts.Write(first, ofFirst, ref to);
        return 1;
    }

    /// <summary>The first value stays, and is an outlier when it stands out.</summary>
    private static void Differentiate(ReadOnlySpan<long> values, Span<long> differences)
    {
        long former = 0;
        for (int i = 0; i < values.Length; i++)
        {
            long value = values[i];
            differences[i] = value - former;
            former = value;
        }
    }

    private static void WriteExceptions(scoped ReadOnlySpan<long> values, ReadOnlySpan<int> exceptions, ref ByteWriter to)
    {
        to.Varint((ulong)exceptions.Length);
        foreach (int at in exceptions)
        {
            to.Varint((ulong)at);
            to.Word((ulong)values[at]);
        }
    }
}
