using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
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

    // Null while the group is idle.
    private Open? _open;

    // Of counters: the totals that the next increases count from.
    private long[]? _previous;
    private long _previousNs = long.MinValue;
    private long _nextRow;

    public long PeriodNs { get; } = periodNs;

    public BlockList Blocks { get; } = new(budget);

    public long SizeInBytes => Blocks.SizeInBytes + (_open is null ? 0 : ScratchBytes);

    private int Stride => SharedColumns + (SeriesColumns * width);

    private long ScratchBytes => (RowsFirst * Stride * 8L) + (width * 40L);

    /// <summary>Rows as they lay in the ring.</summary>
    public void Add(ReadOnlySpan<long> cells, ReadOnlySpan<AggregateSlot> aggregates, int rows, RowSealer sealer, long receivedNs)
    {
        Open open = Prepare();
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<long> cell = cells.Slice(row * (width + 1), width + 1);
            Begin(open, cell[0], sealer, receivedNs);
            ulong merged = width == 1 ? aggregates[row].Count : 0;
            open.Count += (long)Math.Max(merged, 1);
            ReadOnlySpan<long> bits = cell[1..];
            if (!isDouble && CounterMemory.IsLate(cell[0], _previousNs))
            {
                AddLateCounters(open, bits);
            }
            else if (!isDouble)
            {
                AddCounters(open, bits);
                _previousNs = cell[0];
            }
            else if (merged == 0)
            {
                AddGauges(open, MemoryMarshal.Cast<long, double>(bits));
            }
            else
            {
                Merge(open, 0, bits[0], aggregates[row].Min, aggregates[row].Max, aggregates[row].Sum);
            }
        }
    }

    /// <summary>Ends the open period and makes a block of what is pending; the memory for it goes. For idle series.</summary>
    public void Flush(RowSealer sealer, long receivedNs)
    {
        if (_open is not { } open)
        {
            return;
        }
        Close(open, sealer, receivedNs);
        SealPending(open, sealer, receivedNs);
        // The last total stays: the next increase counts from it.
        _open = null;
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
        Open open = Prepare();
        Begin(open, row[0], sealer, receivedNs);
        open.Count += row[1];
        for (int column = 0; column < width; column++)
        {
            ReadOnlySpan<long> of = row.Slice(SharedColumns + (column * SeriesColumns), SeriesColumns);
            Merge(open, column, of[0], BitConverter.Int64BitsToDouble(of[1]), BitConverter.Int64BitsToDouble(of[2]), BitConverter.Int64BitsToDouble(of[3]));
        }
    }

    /// <summary>A NaN compares false: it counts, and shows in the sum alone.</summary>
    private static void AddGauges(Open open, ReadOnlySpan<double> values)
    {
        ref double value = ref MemoryMarshal.GetReference(values);
        ref double min = ref MemoryMarshal.GetArrayDataReference(open.Min);
        ref double max = ref MemoryMarshal.GetArrayDataReference(open.Max);
        ref double sum = ref MemoryMarshal.GetArrayDataReference(open.Sum);
        nuint column = 0;
        for (; Vector256.IsHardwareAccelerated && (int)column <= values.Length - Vector256<double>.Count; column += (nuint)Vector256<double>.Count)
        {
            Vector256<double> some = Vector256.LoadUnsafe(ref value, column);
            Vector256<double> low = Vector256.LoadUnsafe(ref min, column);
            Vector256<double> high = Vector256.LoadUnsafe(ref max, column);
            Vector256.ConditionalSelect(Vector256.LessThan(some, low), some, low).StoreUnsafe(ref min, column);
            Vector256.ConditionalSelect(Vector256.GreaterThan(some, high), some, high).StoreUnsafe(ref max, column);
            (Vector256.LoadUnsafe(ref sum, column) + some).StoreUnsafe(ref sum, column);
        }
        for (; (int)column < values.Length; column++)
        {
            double one = values[(int)column];
            open.Min[column] = one < open.Min[column] ? one : open.Min[column];
            open.Max[column] = one > open.Max[column] ? one : open.Max[column];
            open.Sum[column] += one;
        }
        MemoryMarshal.Cast<double, long>(values).CopyTo(open.Last);
    }

    private void AddCounters(Open open, ReadOnlySpan<long> bits)
    {
        bool isFirst = _previous is null;
        long[] previous = _previous ??= new long[width];
        if (isFirst)
        {
            bits.CopyTo(previous);
        }
        ref ulong totals = ref Unsafe.As<long, ulong>(ref MemoryMarshal.GetReference(bits));
        ref ulong befores = ref Unsafe.As<long, ulong>(ref MemoryMarshal.GetArrayDataReference(previous));
        ref double min = ref MemoryMarshal.GetArrayDataReference(open.Min);
        ref double max = ref MemoryMarshal.GetArrayDataReference(open.Max);
        ref double sum = ref MemoryMarshal.GetArrayDataReference(open.Sum);
        nuint column = 0;
        for (; Vector256.IsHardwareAccelerated && (int)column <= bits.Length - Vector256<ulong>.Count; column += (nuint)Vector256<ulong>.Count)
        {
            Vector256<ulong> total = Vector256.LoadUnsafe(ref totals, column);
            Vector256<ulong> before = Vector256.LoadUnsafe(ref befores, column);
            Vector256<ulong> increase = total - Vector256.AndNot(before, Vector256.LessThan(total, before));
            Vector256<double> value = Vector256.ConvertToDouble(total);
            Vector256.Min(Vector256.LoadUnsafe(ref min, column), value).StoreUnsafe(ref min, column);
            Vector256.Max(Vector256.LoadUnsafe(ref max, column), value).StoreUnsafe(ref max, column);
            (Vector256.LoadUnsafe(ref sum, column) + Vector256.ConvertToDouble(increase)).StoreUnsafe(ref sum, column);
        }
        for (; (int)column < bits.Length; column++)
        {
            ulong total = Unsafe.Add(ref totals, column);
            ulong before = Unsafe.Add(ref befores, column);
            double value = total;
            open.Min[column] = value < open.Min[column] ? value : open.Min[column];
            open.Max[column] = value > open.Max[column] ? value : open.Max[column];
            open.Sum[column] += total >= before ? total - before : total;
        }
        bits.CopyTo(open.Last);
        bits.CopyTo(previous);
    }

    /// <summary>An older total is no restart, and what it counted the newer one has counted already.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddLateCounters(Open open, ReadOnlySpan<long> bits)
    {
        for (int column = 0; column < bits.Length; column++)
        {
            ulong total = (ulong)bits[column];
            open.Min[column] = Math.Min(open.Min[column], total);
            open.Max[column] = Math.Max(open.Max[column], total);
            open.Last[column] = bits[column];
        }
    }

    private static void Merge(Open open, int column, long last, double min, double max, double sum)
    {
        open.Min[column] = double.MinNumber(open.Min[column], min);
        open.Max[column] = double.MaxNumber(open.Max[column], max);
        open.Sum[column] += sum;
        open.Last[column] = last;
    }

    private Open Prepare()
    {
        if (_open is null)
        {
            _open = new Open(width, RowsFirst * Stride);
            budget.Reserve(ScratchBytes);
        }
        return _open;
    }

    private void Begin(Open open, long timestampNs, RowSealer sealer, long receivedNs)
    {
        // Within the open period there is nothing to find out: no division for each row.
        if (open.Count > 0 && (ulong)(timestampNs - open.BeginNs) < (ulong)PeriodNs)
        {
            return;
        }
        Close(open, sealer, receivedNs);
        open.BeginNs = timestampNs - (((timestampNs % PeriodNs) + PeriodNs) % PeriodNs);
        open.Min.AsSpan().Fill(double.PositiveInfinity);
        open.Max.AsSpan().Fill(double.NegativeInfinity);
        open.Sum.AsSpan().Clear();
    }

    private void Close(Open open, RowSealer sealer, long receivedNs)
    {
        if (open.Count == 0)
        {
            return;
        }
        Span<long> row = open.Rows.AsSpan(open.Pending * Stride, Stride);
        (row[0], row[1]) = (open.BeginNs, open.Count);
        for (int column = 0; column < width; column++)
        {
            Span<long> of = row.Slice(SharedColumns + (column * SeriesColumns), SeriesColumns);
            bool isKnown = open.Min[column] <= open.Max[column];
            of[0] = open.Last[column];
            of[1] = BitConverter.DoubleToInt64Bits(isKnown ? open.Min[column] : double.NaN);
            of[2] = BitConverter.DoubleToInt64Bits(isKnown ? open.Max[column] : double.NaN);
            of[3] = BitConverter.DoubleToInt64Bits(WithoutNoise(open.Sum[column]));
        }
        open.Count = 0;
        coarser?.AddRow(row, sealer, receivedNs);
        if (++open.Pending == RowsFirst)
        {
            SealPending(open, sealer, receivedNs);
        }
    }

    private void SealPending(Open open, RowSealer sealer, long receivedNs)
    {
        if (open.Pending > 0)
        {
            sealer.SealRollups(open.Rows, open.Pending, Stride, isDouble, _nextRow, Blocks, receivedNs);
            _nextRow += open.Pending;
            open.Pending = 0;
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

    /// <summary>The period that is open, and those that are over and not yet in a block.</summary>
    private sealed class Open(int width, int rowCells)
    {
        public readonly long[] Rows = new long[rowCells];
        public readonly double[] Min = new double[width];
        public readonly double[] Max = new double[width];
        public readonly double[] Sum = new double[width];
        public readonly long[] Last = new long[width];
        public long BeginNs;
        public long Count;
        public int Pending;
    }
}
