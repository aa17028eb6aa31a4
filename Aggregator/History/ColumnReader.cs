namespace Observability.Aggregator.History;

/// <summary>[Data plane] Reads a column of a block. Any thread; allocates nothing.</summary>
internal static class ColumnReader
{
    public static void Read(ReadOnlySpan<byte> bytes, Span<long> bits)
    {
        ByteReader from = new(bytes);
        var form = ColumnForm.From(from.Byte());
        if (!form.HasRepeats)
        {
            ReadValues(ref from, form, bits);
            return;
        }
        int bitmapBytes = (bits.Length + 7) >> 3;
        ReadOnlySpan<byte> isNew = from.Skip(bitmapBytes)[..bitmapBytes];
        int count = 0;
        foreach (byte marks in isNew)
        {
            count += System.Numerics.BitOperations.PopCount(marks);
        }
        ReadValues(ref from, form, bits[..count]);
        // From the end, in place: a value never moves to the left.
        for (int row = bits.Length - 1, at = count - 1; row >= 0; row--)
        {
            bits[row] = bits[at];
            at -= (isNew[row >> 3] >> (row & 7)) & 1;
        }
    }

    /// <summary>Adds the differences up. A loop for each order: what it waits for is one addition, not the choice.</summary>
    private static void Integrate(int order, long multiple, Span<long> bits)
    {
        if (order == 2)
        {
            long difference = 0;
            long value = 0;
            for (int i = 0; i < bits.Length; i++)
            {
                difference += bits[i];
                value += difference;
                bits[i] = value;
            }
        }
        else if (order == 1)
        {
            long value = 0;
            for (int i = 0; i < bits.Length; i++)
            {
                value += bits[i];
                bits[i] = value;
            }
        }
        if (multiple != 1)
        {
            for (int i = 0; i < bits.Length; i++)
            {
                bits[i] *= multiple;
            }
        }
    }

    private static void ReadValues(ref ByteReader from, ColumnForm form, Span<long> bits)
    {
        PackedInts.Read(ref from, bits);
        if (form.Order > 0 || form.Multiple != 1)
        {
            Integrate(form.Order, form.Multiple, bits);
        }
        if (form.IsDecimal)
        {
            Decimals.ToBits(bits, form.Transform - ColumnForm.DecimalsFrom);
            for (int exceptions = (int)from.Varint(); exceptions > 0; exceptions--)
            {
                int at = (int)from.Varint();
                bits[at] = (long)from.Word();
            }
        }
    }
}
