namespace Observability.Aggregator.History;

/// <summary>
/// Writes a column of a block in the form that takes the fewest bytes; whatever the values are, they read back bit for bit. One thread: the sealer.
/// </summary>
internal sealed class ColumnWriter
{
    private readonly long[] _distinct = new long[RowBlock.RowsMax];
    private readonly long[] _wholes = new long[RowBlock.RowsMax];
    private readonly long[] _differences = new long[RowBlock.RowsMax];

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
        int transform = isDouble ? WholesOf(values) : MultiplesOf(values);
        ReadOnlySpan<long> wholes = _wholes.AsSpan(0, values.Length);
        int order = WriteWholes(wholes, ref to);
        ColumnForm form = new(order, hasRepeats, transform);
        if (form.IsDecimal)
        {
            WriteExceptions(values, transform - ColumnForm.DecimalsFrom, ref to);
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

    private int WholesOf(ReadOnlySpan<long> values)
    {
        int exponent = Decimals.ExponentOf(values, exceptionsMax: values.Length / 8);
        if (exponent < 0)
        {
            values.CopyTo(_wholes);
            return ColumnForm.Plain;
        }
        long previous = 0;
        for (int i = 0; i < values.Length; i++)
        {
            // What is no such number stands behind; its place takes what costs nothing.
            previous = _wholes[i] = Decimals.TryWhole(values[i], exponent, out long whole) ? whole : previous;
        }
        return ColumnForm.DecimalsFrom + exponent;
    }

    private int MultiplesOf(ReadOnlySpan<long> values)
    {
        values.CopyTo(_wholes);
        for (int index = ColumnForm.AllMultiples.Length - 1; index >= 0; index--)
        {
            long multiple = ColumnForm.AllMultiples[index];
            bool isMultiple = true;
            foreach (long value in values)
            {
                isMultiple &= value % multiple == 0;
            }
            if (isMultiple)
            {
                for (int i = 0; i < values.Length; i++)
                {
                    _wholes[i] /= multiple;
                }
                return ColumnForm.MultiplesFrom + index;
            }
        }
        return ColumnForm.Plain;
    }

    private int WriteWholes(scoped ReadOnlySpan<long> wholes, ref ByteWriter to)
    {
        Span<long> differences = _differences.AsSpan(0, wholes.Length);
        wholes.CopyTo(differences);
        int best = PackedInts.Measure(differences, out long floor, out int width);
        int bestOrder = 0;
        for (int order = 1; order <= 2; order++)
        {
            Differentiate(differences);
            int size = PackedInts.Measure(differences, out long otherFloor, out int otherWidth);
            if (size < best)
            {
                (best, floor, width, bestOrder) = (size, otherFloor, otherWidth, order);
            }
        }
        wholes.CopyTo(differences);
        for (int order = 1; order <= bestOrder; order++)
        {
            Differentiate(differences);
        }
        PackedInts.Write(differences, floor, width, ref to);
        return bestOrder;
    }

    /// <summary>In place. The first value stays, and is an outlier when it stands out.</summary>
    private static void Differentiate(Span<long> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            values[i] -= values[i - 1];
        }
    }

    private static void WriteExceptions(scoped ReadOnlySpan<long> values, int exponent, ref ByteWriter to)
    {
        int count = 0;
        foreach (long value in values)
        {
            count += Decimals.TryWhole(value, exponent, out _) ? 0 : 1;
        }
        to.Varint((ulong)count);
        for (int i = 0; i < values.Length && count > 0; i++)
        {
            if (!Decimals.TryWhole(values[i], exponent, out _))
            {
                to.Varint((ulong)i);
                to.Word((ulong)values[i]);
            }
        }
    }
}
