using Observability.Aggregator.History;

namespace Observability.Aggregator.Storage;

/// <summary>Where a row's counts or bounds lie in the shared column.</summary>
internal readonly record struct BucketRange(int Start, int Length);

/// <summary>
/// Columns of histograms that a reader fills and keeps using: they grow to their bounds and stay. Reads append; Clear starts over.
/// One thread.
/// </summary>
internal sealed class HistogramBuffer(int countMax = HistogramBuffer.CountMaxDefault, int bucketsMax = HistogramBuffer.BucketsMaxDefault)
{
    public const int CountMaxDefault = 16_384;
    public const int BucketsMaxDefault = 4 * 1024 * 1024;

    private HistogramRow[] _rows = [];
    private ulong[] _buckets = [];
    private double[] _bounds = [];
    private int _bucketCount;
    private int _boundCount;

    // The block that was read last, whole: readers take its rows one after another.
    private RowBlock? _block;
    private HistogramBuffer? _ofBlock;

    /// <summary>Bytes of the record being read; grows to the largest.</summary>
    internal byte[] Scratch = [];

    public int CountMax { get; } = countMax;

    public int BucketsMax { get; } = bucketsMax;

    /// <summary>Rows.</summary>
    public int Count { get; private set; }

    public ref readonly HistogramRow this[int row] => ref _rows.AsSpan(0, Count)[row];

    public ReadOnlySpan<ulong> PositiveCounts(int row) => Buckets(this[row].Positive);

    public ReadOnlySpan<ulong> NegativeCounts(int row) => Buckets(this[row].Negative);

    public ReadOnlySpan<ulong> ExplicitCounts(int row) => Buckets(this[row].Explicit);

    public ReadOnlySpan<double> ExplicitBounds(int row) => _bounds.AsSpan(this[row].Bounds.Start, this[row].Bounds.Length);

    public void Clear()
    {
        Count = 0;
        _bucketCount = 0;
        _boundCount = 0;
    }

    /// <summary>Drops the rows from <paramref name="count"/> on; their buckets stay taken until Clear.</summary>
    public void Truncate(int count) => Count = Math.Min(Count, count);

    /// <summary>The time of a row of a block, which is read whole the first time.</summary>
    internal long TimestampNs(RowBlock block, int row) => OfBlock(block)[row].TimestampNs;

    /// <summary>Appends a row of a block.</summary>
    internal void Add(RowBlock block, int row)
    {
        HistogramBuffer from = OfBlock(block);
        HistogramRow added = from[row];
        from.PositiveCounts(row).CopyTo(AddBuckets(added.Positive.Length, out added.Positive));
        from.NegativeCounts(row).CopyTo(AddBuckets(added.Negative.Length, out added.Negative));
        from.ExplicitCounts(row).CopyTo(AddBuckets(added.Explicit.Length, out added.Explicit));
        from.ExplicitBounds(row).CopyTo(AddBounds(added.Bounds.Length, out added.Bounds));
        Add(added);
    }

    private HistogramBuffer OfBlock(RowBlock block)
    {
        if (!ReferenceEquals(block, _block))
        {
            _ofBlock ??= new HistogramBuffer(HistogramBlock.RowsMax, int.MaxValue);
            _ofBlock.Clear();
            HistogramBlock.Read(block, _ofBlock);
            _block = block;
        }
        return _ofBlock!;
    }

    internal bool IsFull => Count == CountMax || _bucketCount >= BucketsMax || _boundCount >= BucketsMax;

    internal void Add(in HistogramRow row)
    {
        if (Count == _rows.Length)
        {
            Array.Resize(ref _rows, Math.Min(CountMax, Math.Max(64, Count * 2)));
        }
        _rows[Count++] = row;
    }

    internal Span<ulong> AddBuckets(int length, out BucketRange range) => Take(ref _buckets, ref _bucketCount, length, out range);

    internal Span<double> AddBounds(int length, out BucketRange range) => Take(ref _bounds, ref _boundCount, length, out range);

    private ReadOnlySpan<ulong> Buckets(BucketRange range) => _buckets.AsSpan(range.Start, range.Length);

    private static Span<T> Take<T>(ref T[] column, ref int count, int length, out BucketRange range)
    {
        if (count + length > column.Length)
        {
            Array.Resize(ref column, Math.Max(count + length, Math.Max(256, column.Length * 2)));
        }
        range = new BucketRange(count, length);
        count += length;
        return column.AsSpan(range.Start, length);
    }
}
