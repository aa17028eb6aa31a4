using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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
    private const int SampleCount = 4;

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
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            ref long first = ref MemoryMarshal.GetReference(wholes);
            for (; i <= wholes.Length - Vector256<long>.Count; i += Vector256<long>.Count)
            {
                Vector256<double> values = Vector256.ConvertToDouble(Vector256.LoadUnsafe(ref first, (nuint)i)) / Vector256.Create(power);
                values.AsInt64().StoreUnsafe(ref first, (nuint)i);
            }
        }
        for (; i < wholes.Length; i++)
        {
            wholes[i] = BitConverter.DoubleToInt64Bits(wholes[i] / power);
        }
    }

    /// <summary>
    /// All values as whole numbers of the smallest exponent at which all but a few are whole; -1 when there is none. The places of the others, whose whole number is
    /// the one before, which costs nothing, are written to <paramref name="exceptions"/>: as many as that has room for are few.
    /// </summary>
    public static int ToWholes(ReadOnlySpan<long> bits, Span<long> wholes, Span<int> exceptions, out int exceptionCount)
    {
        exceptionCount = 0;
        int exponent = FromSample(bits);
        for (int i = 0; exponent >= 0 && i < bits.Length;)
        {
            i = ToWholesFrom(i, bits, wholes, exponent);
            if (i == bits.Length)
            {
                break;
            }
            int needed = ExponentFrom(bits[i], exponent + 1);
            if (needed >= 0)
            {
                (exponent, exceptionCount, i) = (needed, 0, 0);    // From the beginning: it seldom comes to that, after the sample.
            }
            else if (exceptionCount == exceptions.Length)
            {
                return -1;
            }
            else
            {
                exceptions[exceptionCount++] = i;
                wholes[i] = i == 0 ? 0 : wholes[i - 1];
                i++;
            }
        }
        return exponent;
    }

    /// <summary>The exponent that a few values ask for; -1 when not one of them is a decimal number.</summary>
    private static int FromSample(ReadOnlySpan<long> bits)
    {
        int exponent = 0;
        int found = 0;
        for (int i = 0; i < SampleCount; i++)
        {
            int needed = bits.IsEmpty ? 0 : ExponentFrom(bits[(int)((long)i * (bits.Length - 1) / (SampleCount - 1))], exponent);
            found += needed >= 0 ? 1 : 0;
            exponent = Math.Max(exponent, needed);
        }
        return found == 0 ? -1 : exponent;
    }

    private static int ExponentFrom(long bits, int exponent)
    {
        while (exponent <= ExponentMax)
        {
            if (TryWhole(bits, exponent, out _))
            {
                return exponent;
            }
            exponent++;
        }
        return -1;
    }

    /// <summary>Goes on until a value is not whole; returns its place.</summary>
    private static int ToWholesFrom(int from, ReadOnlySpan<long> bits, Span<long> wholes, int exponent)
    {
        int i = from;
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<double> power = Vector256.Create(Powers[exponent]);
            ref long source = ref MemoryMarshal.GetReference(bits);
            ref long target = ref MemoryMarshal.GetReference(wholes);
            for (; i <= bits.Length - Vector256<long>.Count; i += Vector256<long>.Count)
            {
                Vector256<long> some = Vector256.LoadUnsafe(ref source, (nuint)i);
                Vector256<double> scaled = Vector256.Round(some.AsDouble() * power);
                Vector256<long> whole = Vector256.ConvertToInt64(scaled);
                Vector256<long> back = (Vector256.ConvertToDouble(whole) / power).AsInt64();
                if (!Vector256.EqualsAll(back, some) || !Vector256.LessThanOrEqualAll(Vector256.Abs(scaled), Vector256.Create(WholeMax)))
                {
                    break;
                }
                whole.StoreUnsafe(ref target, (nuint)i);
            }
        }
        while (i < bits.Length && TryWhole(bits[i], exponent, out wholes[i]))
        {
            i++;
        }
        return i;
    }
}
