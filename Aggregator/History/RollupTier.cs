using Observability.Aggregator.Rings;

namespace Observability.Aggregator.History;

/// <summary>
/// What a group keeps of a period, one second or one minute, after its samples are gone: how many samples, and of each series min, max, sum and last.
/// Of a counter the sum is the increase since the sample before, resets seen. A sample older than the open period makes a further row of its own
/// period: rows of one period add up. The sealer alone calls this; readers take the blocks.
/// </summary>
internal sealed class RollupTier(RingBudget budget, long periodNs, int width, bool isDouble, RollupTier? coarser)
{
    public const int RowsFirst = 16;

    /// <summary>Columns before the series' own: the period's begin and the count.</summary>
    public const int SharedColumns = 2;

    /// <summary>Last, min, max, sum.</summary>
    public const int SeriesColumns = 4;

    private readonly int _stride = SharedColumns + (SeriesColumns * width);
    private long[]? _rows;
    private double[] _min = [];
    private double[] _max = [];
    private double[] _sum = [];
    private long[] _last = [];
    private long[] _previous = [];
    private bool _hasPrevious;
    private long _beginNs;
    private long _count;
    private int _pending;
    private long _nextRow;

    public long PeriodNs { get; } = periodNs;

    public BlockList Blocks { get; } = new(budget);

    public long SizeInBytes => Blocks.SizeInBytes + (_rows is null ? 0 : ScratchBytes);

    private long ScratchBytes => (RowsFirst * _stride * 8L) + (width * 40L);

    /// <summary>Rows as they lay in the ring.</summary>
    public void Add(ReadOnlySpan<long> cells, ReadOnlySpan<AggregateSlot> aggregates, int rows, RowSealer sealer, long receivedNs)
    {
        Prepare();
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<long> cell = cells.Slice(row * (width + 1), width + 1);
            Open(cell[0], sealer, receivedNs);
            ulong merged = width == 1 ? aggregates[row].Count : 0;
            _count += (long)Math.Max(merged, 1);
            ReadOnlySpan<long> bits = cell[1..];
            if (!isDouble)
            {
                AddCounters(bits);
            }
            else if (merged == 0)
            {
                AddGauges(bits);
            }
            else
            {
                Merge(0, bits[0], aggregates[row].Min, aggregates[row].Max, aggregates[row].Sum);
            }
        }
    }

    /// <summary>Ends the open period and makes a block of what is pending; the memory for it goes. For series that rest.</summary>
    public void Flush(RowSealer sealer, long receivedNs)
    {
        if (_rows is null)
        {
            return;
        }
        Close(sealer, receivedNs);
        SealPending(sealer, receivedNs);
        // The last total stays: the next increase counts from it.
        (_rows, _min, _max, _sum, _last) = (null, [], [], [], []);
        budget.Release(ScratchBytes);
    }

    /// <summary>Takes blocks that were read back.</summary>
    public void Restore(RowBlock[] blocks)
    {
        Blocks.AddRange(blocks);
        _nextRow = blocks.Length == 0 ? 0 : blocks[^1].EndRow;
    }

    private void AddRow(ReadOnlySpan<long> row, RowSealer sealer, long receivedNs)
    {
        Prepare();
        Open(row[0], sealer, receivedNs);
        _count += row[1];
        for (int column = 0; column < width; column++)
        {
            ReadOnlySpan<long> of = row.Slice(SharedColumns + (column * SeriesColumns), SeriesColumns);
            Merge(column, of[0], BitConverter.Int64BitsToDouble(of[1]), BitConverter.Int64BitsToDouble(of[2]), BitConverter.Int64BitsToDouble(of[3]));
        }
    }

    private void AddGauges(ReadOnlySpan<long> bits)
    {
        for (int column = 0; column < bits.Length; column++)
        {
            double value = BitConverter.Int64BitsToDouble(bits[column]);
            // A NaN compares false: it counts, and shows in the sum alone.
            if (value < _min[column])
            {
                _min[column] = value;
            }
            if (value > _max[column])
            {
                _max[column] = value;
            }
            _sum[column] += value;
            _last[column] = bits[column];
        }
    }

    private void AddCounters(ReadOnlySpan<long> bits)
    {
        for (int column = 0; column < bits.Length; column++)
        {
            ulong total = (ulong)bits[column];
            ulong before = (ulong)_previous[column];
            double increase = !_hasPrevious ? 0 : total >= before ? total - before : total;
            Merge(column, bits[column], total, total, increase);
            _previous[column] = bits[column];
        }
        _hasPrevious = true;
    }

    private void Merge(int column, long last, double min, double max, double sum)
    {
        _min[column] = double.MinNumber(_min[column], min);
        _max[column] = double.MaxNumber(_max[column], max);
        _sum[column] += sum;
        _last[column] = last;
    }

    private void Prepare()
    {
        if (_rows is not null)
        {
            return;
        }
        _rows = new long[RowsFirst * _stride];
        (_min, _max, _sum, _last) = (new double[width], new double[width], new double[width], new long[width]);
        _previous = _previous.Length == width ? _previous : new long[width];
        budget.Reserve(ScratchBytes);
    }

    private void Open(long timestampNs, RowSealer sealer, long receivedNs)
    {
        long beginNs = timestampNs - (((timestampNs % PeriodNs) + PeriodNs) % PeriodNs);
        if (_count > 0 && beginNs == _beginNs)
        {
            return;
        }
        Close(sealer, receivedNs);
        _beginNs = beginNs;
        _min.AsSpan().Fill(double.PositiveInfinity);
        _max.AsSpan().Fill(double.NegativeInfinity);
        _sum.AsSpan().Clear();
    }

    private void Close(RowSealer sealer, long receivedNs)
    {
        if (_count == 0)
        {
            return;
        }
        Span<long> row = _rows.AsSpan(_pending * _stride, _stride);
        (row[0], row[1]) = (_beginNs, _count);
        for (int column = 0; column < width; column++)
        {
            Span<long> of = row.Slice(SharedColumns + (column * SeriesColumns), SeriesColumns);
            bool isKnown = _min[column] <= _max[column];
            of[0] = _last[column];
            of[1] = BitConverter.DoubleToInt64Bits(isKnown ? _min[column] : double.NaN);
            of[2] = BitConverter.DoubleToInt64Bits(isKnown ? _max[column] : double.NaN);
            of[3] = BitConverter.DoubleToInt64Bits(WithoutNoise(_sum[column]));
        }
        _count = 0;
        coarser?.AddRow(row, sealer, receivedNs);
        if (++_pending == RowsFirst)
        {
            SealPending(sealer, receivedNs);
        }
    }

    private void SealPending(RowSealer sealer, long receivedNs)
    {
        if (_pending > 0)
        {
            sealer.SealRollups(_rows!, _pending, _stride, isDouble, _nextRow, Blocks, receivedNs);
            _nextRow += _pending;
            _pending = 0;
        }
    }

    /// <summary>
    /// A sum of decimal numbers carries a rounding error in its last bits, which would cost six bytes to keep: the decimal number within the error of
    /// adding stands for it.
    /// </summary>
    private static double WithoutNoise(double sum)
    {
        double error = Math.Abs(sum) * 1e-13;
        for (int digits = 0; digits <= 9 && Math.Abs(sum) < 1e9; digits++)
        {
            double rounded = Math.Round(sum, digits);
            if (Math.Abs(rounded - sum) <= error)
            {
                return rounded;
            }
        }
        return sum;
    }
}
