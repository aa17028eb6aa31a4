namespace Observability.Aggregator.History;

/// <summary>
/// Doubles that are decimal numbers of few digits, as whole numbers: what people's gauges are. A value qualifies when dividing its whole number
/// by the power of ten gives back its very bits.
/// </summary>
internal static class Decimals
{
    /// <summary>Powers of ten up to here are exact doubles.</summary>
    public const int ExponentMax = 22;

    private const double WholeMax = 1L << 53;

    private static readonly double[] Powers = [.. Enumerable.Range(0, ExponentMax + 1).Select(exponent => double.Parse($"1e{exponent}", System.Globalization.CultureInfo.InvariantCulture))];

    public static bool TryWhole(long bits, int exponent, out long whole)
    {
        double scaled = Math.Round(BitConverter.Int64BitsToDouble(bits) * Powers[exponent]);
        if (!(Math.Abs(scaled) <= WholeMax))
        {
            whole = 0;
            return false;
        }
        whole = (long)scaled;
        return BitsOf(whole, exponent) == bits;
    }

    public static long BitsOf(long whole, int exponent) => BitConverter.DoubleToInt64Bits(whole / Powers[exponent]);

    public static void ToBits(Span<long> wholes, int exponent)
    {
        double power = Powers[exponent];
        for (int i = 0; i < wholes.Length; i++)
        {
            wholes[i] = BitConverter.DoubleToInt64Bits(wholes[i] / power);
        }
    }

    /// <summary>The smallest exponent at which all but a few values are whole; -1 when there is none.</summary>
    public static int ExponentOf(ReadOnlySpan<long> bits, int exceptionsMax)
    {
        int exponent = 0;
        int exceptions = 0;
        foreach (long value in bits)
        {
            int needed = exponent;
            while (needed <= ExponentMax && !TryWhole(value, needed, out _))
            {
                needed++;
            }
            if (needed <= ExponentMax)
            {
                exponent = needed;
            }
            else if (++exceptions > exceptionsMax)
            {
                return -1;
            }
        }
        return exponent;
    }
}
