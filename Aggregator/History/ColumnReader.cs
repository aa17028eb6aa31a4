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

    /// <summary>Adds the differences up, in one pass for both orders.</summary>
    private static void Integrate(int order, long multiple, Span<long> bits)
    {
        long first = 0;
        long second = 0;
        for (int i = 0; i < bits.Length; i++)
        {
            first = order == 2 ? first + bits[i] : bits[i];
            second = order == 0 ? first : second + first;
            bits[i] = second * multiple;
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
