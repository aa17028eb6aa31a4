namespace Observability.Aggregator.History;

/// <summary>How a column is written: the first byte of its bytes. Order: 0 the values, 1 their differences, 2 the differences of those.</summary>
internal readonly record struct ColumnForm(int Order, bool HasRepeats, int Transform)
{
    /// <summary>The bits themselves.</summary>
    public const int Plain = 0;

    /// <summary>1 to 23: decimal numbers of 0 to 22 digits behind the point.</summary>
    public const int DecimalsFrom = 1;

    /// <summary>24 to 26: multiples of 100, 1,000 and 1,000,000: clocks that do not tell every nanosecond.</summary>
    public const int MultiplesFrom = 24;

    private static readonly long[] Multiples = [100, 1_000, 1_000_000];

    public bool IsDecimal => Transform is >= DecimalsFrom and < MultiplesFrom;

    public long Multiple => Transform >= MultiplesFrom ? Multiples[Transform - MultiplesFrom] : 1;

    public static ReadOnlySpan<long> AllMultiples => Multiples;

    public byte ToByte() => (byte)(Order | (HasRepeats ? 4 : 0) | (Transform << 3));

    public static ColumnForm From(byte value) => new(value & 3, (value & 4) != 0, value >> 3);
}
