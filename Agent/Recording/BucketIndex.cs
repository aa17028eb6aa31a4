namespace Observability.Agent.Recording;

/// <summary>
/// Index of a value's base-2 exponential bucket at the finest scale kept. Bucket i holds (base^i, base^(i+1)] with base = 2^(2^-scale);
/// a coarser scale's index is this one shifted right.
/// </summary>
internal static class BucketIndex
{
    /// <summary>Finest scale: 32 buckets per doubling, each 2.2 % wide, so a percentile is off by 1.1 % at most.</summary>
    public const int ScaleMax = 5;

    private const int BucketsPerDoubling = 1 << ScaleMax;
    private const int MantissaBits = 52;
    private const long MantissaMask = (1L << MantissaBits) - 1;
    private const int ExponentBias = 1023;

    // Cells of 1/64 of a doubling are narrower than the narrowest bucket (2^(1/32) - 1 = 0.0219), so a cell meets at most one boundary.
    private const int CellBits = ScaleMax + 1;

    private static readonly long[] UpperMantissas = CreateUpperMantissas();
    private static readonly byte[] FirstBucketOfCell = CreateFirstBuckets();

    /// <summary>For a positive, finite value. Numbers below the smallest normal one share its bucket.</summary>
    public static int Of(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> MantissaBits) - ExponentBias;
        if (exponent == -ExponentBias)
        {
            return ((1 - ExponentBias) << ScaleMax) - 1;
        }
        long mantissa = bits & MantissaMask;
        if (mantissa == 0)
        {
            return (exponent << ScaleMax) - 1;              // an exact power of two closes the bucket below
        }
        int bucket = FirstBucketOfCell[(int)(mantissa >> (MantissaBits - CellBits))];
        if (mantissa > UpperMantissas[bucket])
        {
            bucket++;
        }
        return (exponent << ScaleMax) + bucket;
    }

    /// <summary>The lower, exclusive bound of a bucket at a scale; its upper bound is the next one's lower.</summary>
    public static double LowerBound(int index, int scale) => Math.Pow(2, index * Math.Pow(2, -scale));

    private static long[] CreateUpperMantissas()
    {
        var uppers = new long[BucketsPerDoubling];
        for (int i = 0; i < uppers.Length - 1; i++)
        {
            uppers[i] = BitConverter.DoubleToInt64Bits(Math.Pow(2, (i + 1) / (double)BucketsPerDoubling)) & MantissaMask;
        }
        uppers[^1] = MantissaMask;
        return uppers;
    }

    private static byte[] CreateFirstBuckets()
    {
        var firsts = new byte[1 << CellBits];
        for (int cell = 0; cell < firsts.Length; cell++)
        {
            long lowest = Math.Max(1, (long)cell << (MantissaBits - CellBits));
            byte bucket = 0;
            while (lowest > UpperMantissas[bucket])
            {
                bucket++;
            }
            firsts[cell] = bucket;
        }
        return firsts;
    }
}
