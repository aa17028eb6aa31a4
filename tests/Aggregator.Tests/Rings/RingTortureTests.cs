using System.Diagnostics;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Tests.Rings;

/// <summary>
/// One writer and several readers on a small ring that wraps all the time. Every value is a function of its position and timestamp, so
/// a torn or invented sample shows. RING_TORTURE_MS makes it longer (default: short enough for every run).
/// </summary>
public sealed class RingTortureTests
{
    private static readonly int DurationMs =
        int.TryParse(Environment.GetEnvironmentVariable("RING_TORTURE_MS"), out int milliseconds) ? milliseconds : 1_000;

    private const int ReadsMin = 20_000;
    private const int ParkedMin = 10;
    private const int DeadlineMs = 60_000;

    private readonly Stopwatch _started = Stopwatch.StartNew();
    private long _reads;
    private long _parked;

    [Fact]
    public async Task RowRing_UnderConcurrentReaders_NeverShowsATornSample()
    {
        RowRing ring = new(new RingLimits(new RingBudget(long.MaxValue), 64, 1024, long.MaxValue), width: 1);
        using CancellationTokenSource stop = new();
        Task<long>[] readers = [.. Enumerable.Range(0, 2).Select(seed => Task.Run(() => ReadScalars(ring, seed, stop.Token)))];
        long written = 0;
        Random random = new(1);
        while (!IsEnough())
        {
            for (int i = 0; i < 256; i++, written++)
            {
                if ((written & 7) == 3)
                {
                    ring.AppendAggregate(written, Mix(written), Aggregate(written), 0);
                }
                else
                {
                    ring.Append(written, Mix(written), 0);
                }
            }
            Thread.SpinWait(random.Next(200));
        }
        await stop.CancelAsync();
        long read = (await Task.WhenAll(readers)).Sum();
        Assert.True(read >= ReadsMin, $"Only {read} samples were read beside {written} written: the test saw no concurrency.");
    }

    [Fact]
    public async Task RowRing_WrittenInBulk_NeverShowsATornSample()
    {
        RowRing ring = new(new RingLimits(new RingBudget(long.MaxValue), 256, 1024, long.MaxValue), width: 1);
        using CancellationTokenSource stop = new();
        Task<long>[] readers = [.. Enumerable.Range(0, 2).Select(seed => Task.Run(() => ReadScalars(ring, seed, stop.Token, areAggregates: false)))];
        long written = 0;
        Random random = new(4);
        long[] timestamps = new long[300];
        long[] bits = new long[300];
        long[] pairs = new long[600];
        while (!IsEnough())
        {
            int count = random.Next(1, 300);
            for (int i = 0; i < count; i++)
            {
                (timestamps[i], bits[i]) = (written + i, Mix(written + i));
                (pairs[2 * i], pairs[(2 * i) + 1]) = (timestamps[i], bits[i]);
            }
            if (random.Next(2) == 0)
            {
                ring.AppendPairs(pairs.AsSpan(0, 2 * count), 0);
            }
            else
            {
                ring.AppendColumns(timestamps.AsSpan(0, count), bits.AsSpan(0, count), 0);
            }
            written += count;
            ring.Append(written, Mix(written), 0);
            written++;
            Thread.SpinWait(random.Next(400));
        }
        await stop.CancelAsync();
        long read = (await Task.WhenAll(readers)).Sum();
        Assert.True(read >= ReadsMin, $"Only {read} samples were read beside {written} written: the test saw no concurrency.");
    }

    [Fact]
    public async Task RecordRing_UnderConcurrentReaders_NeverShowsATornRecord()
    {
        RecordRing ring = new(new RingLimits(new RingBudget(long.MaxValue), 128, 4096, long.MaxValue));
        using CancellationTokenSource stop = new();
        Task<long>[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() => ReadRecords(ring, stop.Token)))];
        long written = 0;
        byte[] record = new byte[400];
        Random random = new(2);
        while (!IsEnough())
        {
            for (int i = 0; i < 64; i++, written++)
            {
                int size = 8 + (int)(Mix(written) & 0xFF);
                record.AsSpan(0, size).Fill((byte)Mix(written));
                Assert.True(ring.TryAppend(written, record.AsSpan(0, size), 0));
            }
            Thread.SpinWait(random.Next(200));
        }
        await stop.CancelAsync();
        long read = (await Task.WhenAll(readers)).Sum();
        Assert.True(read >= ReadsMin, $"Only {read} records were read beside {written} written: the test saw no concurrency.");
    }

    [Fact]
    public async Task RecordRing_ParkedAllTheTime_NeverShowsATornRecordAndGivesEveryByteBack()
    {
        RingBudget budget = new(long.MaxValue);
        RecordRing ring = new(new RingLimits(budget, 128, 4096, long.MaxValue));
        using CancellationTokenSource stop = new();
        Task<long> reader = Task.Run(() => ReadRecords(ring, stop.Token));
        Task parker = Task.Run(() => Park(ring, stop.Token), TestContext.Current.CancellationToken);
        long written = 0;
        byte[] record = new byte[400];
        byte[] tooLarge = new byte[2000];
        Random random = new(3);
        while (!IsEnough() || (Volatile.Read(ref _parked) < ParkedMin && !IsTooLate()))
        {
            for (int i = random.Next(40); i >= 0; i--, written++)
            {
                int size = 8 + (int)(Mix(written) & 0xFF);
                record.AsSpan(0, size).Fill((byte)Mix(written));
                Assert.True(ring.TryAppend(written, record.AsSpan(0, size), 0));
            }
            Assert.False(ring.TryAppend(written, tooLarge, 0));
            Thread.SpinWait(random.Next(400));
        }
        await stop.CancelAsync();
        await parker;
        await reader;
        Assert.True(_parked >= ParkedMin, "The ring was hardly ever parked: the test saw no race.");
        Assert.Equal((written, ring.SizeInBytes), (ring.Head, budget.BytesUsed));
        ring.SealedRecords = ring.Head;
        Assert.True(ring.TryPark(ring.AskToPark()) || ring.Capacity == 0);
        Assert.Equal(0, budget.BytesUsed);
    }

    private void Park(RecordRing ring, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            ring.SealedRecords = ring.Head;
            long head = ring.AskToPark();
            Interlocked.MemoryBarrierProcessWide();
            Volatile.Write(ref _parked, _parked + (ring.TryPark(head) ? 1 : 0));
        }
    }

    /// <summary>Long enough, and enough read: on a busy machine a second may pass without two threads running at once.</summary>
    private bool IsEnough() =>
        (_started.ElapsedMilliseconds >= DurationMs && Volatile.Read(ref _reads) >= ReadsMin) || IsTooLate();

    private bool IsTooLate() => _started.ElapsedMilliseconds > DurationMs + DeadlineMs;

    private long ReadScalars(RowRing ring, int seed, CancellationToken stop, bool areAggregates = true)
    {
        Random random = new(seed);
        long[] timestamps = new long[64];
        long[] bits = new long[64];
        double[] min = new double[64];
        double[] max = new double[64];
        double[] sum = new double[64];
        ulong[] counts = new ulong[64];
        long position = 0;
        long rows = 0;
        while (!stop.IsCancellationRequested)
        {
            long before = position;
            int asked = random.Next(1, 65);
            SampleColumns columns = new(
                timestamps.AsSpan(0, asked), bits.AsSpan(0, asked), min.AsSpan(0, asked), max.AsSpan(0, asked), sum.AsSpan(0, asked), counts.AsSpan(0, asked));
            int copied = ring.CopyNew(0, ref position, columns, out long overwritten);
            Assert.Equal(position - before, copied + overwritten);
            for (int row = 0; row < copied; row++)
            {
                long expected = position - copied + row;
                Assert.True(timestamps[row] == expected && bits[row] == Mix(expected), $"Position {expected} reads {timestamps[row]}.");
                AggregateSlot aggregate = Aggregate(expected);
                bool isAggregate = areAggregates && (expected & 7) == 3;
                Assert.Equal(isAggregate ? aggregate.Count : 0, counts[row]);
                Assert.True(!isAggregate || (min[row] == aggregate.Min && max[row] == aggregate.Max && sum[row] == aggregate.Sum));
            }
            rows += copied;
            Interlocked.Add(ref _reads, copied);
        }
        return rows;
    }

    private long ReadRecords(RecordRing ring, CancellationToken stop)
    {
        byte[] scratch = [];
        long position = 0;
        long records = 0;
        while (!stop.IsCancellationRequested)
        {
            long before = position;
            int size = ring.ReadNext(ref position, ref scratch, out long timestampNs, out long overwritten);
            Assert.Equal(position - before, overwritten + (size < 0 ? 0 : 1));
            if (size < 0)
            {
                continue;
            }
            Assert.Equal(position - 1, timestampNs);
            Assert.Equal(8 + (int)(Mix(timestampNs) & 0xFF), size);
            Assert.False(scratch.AsSpan(0, size).ContainsAnyExcept((byte)Mix(timestampNs)), $"Record {timestampNs} is torn.");
            records++;
            Interlocked.Increment(ref _reads);
        }
        return records;
    }

    private static long Mix(long value) => (value * unchecked((long)0x9E3779B97F4A7C15)) ^ (value >> 7);

    private static AggregateSlot Aggregate(long position) => new() { Min = -position, Max = position, Sum = position * 3, Count = (ulong)position + 1 };
}
