namespace Observability.Aggregator.Rings;

/// <summary>Where a reader wants samples: columns of equal length. A row with Counts 0 is a plain sample and leaves min, max and sum alone.</summary>
internal readonly ref struct SampleColumns(
    Span<long> timestampsNs, Span<long> bits, Span<double> min, Span<double> max, Span<double> sum, Span<ulong> counts)
{
    public Span<long> TimestampsNs { get; } = timestampsNs;
    public Span<long> Bits { get; } = bits;
    public Span<double> Min { get; } = min;
    public Span<double> Max { get; } = max;
    public Span<double> Sum { get; } = sum;
    public Span<ulong> Counts { get; } = counts;

    public int Length => TimestampsNs.Length;

    /// <summary>The first rows of these, at most so many.</summary>
    public SampleColumns Take(long count)
    {
        int rows = (int)Math.Min(count, Length);
        return new SampleColumns(TimestampsNs[..rows], Bits[..rows], Min[..rows], Max[..rows], Sum[..rows], Counts[..rows]);
    }

    /// <summary>Forgets the first rows, which the writer overtook while they were copied.</summary>
    public void DropFirst(int dropped, int count)
    {
        Shift(TimestampsNs, dropped, count);
        Shift(Bits, dropped, count);
        Shift(Min, dropped, count);
        Shift(Max, dropped, count);
        Shift(Sum, dropped, count);
        Shift(Counts, dropped, count);
    }

    private static void Shift<T>(Span<T> column, int dropped, int count) => column[dropped..count].CopyTo(column);
}
