using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Tests.Rings;

public sealed class RowRingTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void Append_AtCapacity_KeepsEverySampleUntilTheLimit()
    {
        RowRing ring = new(Limits(slotsMax: 128), width: 1);
        for (int i = 0; i < 127; i++)
        {
            ring.Append(i, i * 10, receivedNs: 7);
        }
        long position = 0;
        Rows rows = ReadAll(ring, ref position, out long overwritten);

        Assert.Equal(0, overwritten);
        Assert.Equal(Enumerable.Range(0, 127).Select(i => (long)i), rows.Timestamps);
        Assert.Equal(Enumerable.Range(0, 127).Select(i => i * 10L), rows.Bits);
        Assert.Equal(126, ring.NewestTimestampNs);
        Assert.Equal(7, ring.ReceivedNs);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(100)]
    public void CopyNew_WhileTheRingGrows_MissesNothing(int count)
    {
        RowRing ring = new(Limits(slotsMax: 256), width: 1);
        long position = 0;
        long next = 0;
        for (int i = 0; i < count; i++)
        {
            ring.Append(i, i, 0);
            if (i % 7 == 0)
            {
                Rows rows = ReadAll(ring, ref position, out long lost);
                Assert.Equal(0, lost);
                Assert.All(rows.Bits, bits => Assert.Equal(next++, bits));
            }
        }
        Assert.Equal(count, next + ReadAll(ring, ref position, out _).Bits.Count);
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(31, 2)]
    [InlineData(33, 7)]
    [InlineData(100, 3)]
    [InlineData(700, 1)]
    public void AppendPairsAndColumns_OfAnyLength_AreAsAppendedOneByOne(int count, int times)
    {
        RowRing single = new(Limits(slotsMax: 256), width: 1);
        RowRing pairs = new(Limits(slotsMax: 256), width: 1);
        RowRing columns = new(Limits(slotsMax: 256), width: 1);
        for (int time = 0; time < times; time++)
        {
            // Every tenth sample is older than the one before it.
            long[] timestamps = [.. Enumerable.Range(time * count, count).Select(i => i % 10 == 9 ? i - 5L : i)];
            long[] bits = [.. timestamps.Select((at, i) => (at * 1000) + i)];
            for (int i = 0; i < count; i++)
            {
                single.Append(timestamps[i], bits[i], time);
            }
            pairs.AppendPairs([.. timestamps.Zip(bits).SelectMany(pair => new[] { pair.First, pair.Second })], time);
            columns.AppendColumns(timestamps, bits, time);
        }
        long from = 0;
        Rows expected = ReadAll(single, ref from, out long overwritten);
        foreach (RowRing bulk in (RowRing[])[pairs, columns])
        {
            long position = 0;
            Rows rows = ReadAll(bulk, ref position, out long lost);
            Assert.Equal(overwritten, lost);
            Assert.Equal(expected.Timestamps, rows.Timestamps);
            Assert.Equal(expected.Bits, rows.Bits);
            Assert.Equal((single.Head, single.NewestTimestampNs, single.ReceivedNs, single.LateRows), (bulk.Head, bulk.NewestTimestampNs, bulk.ReceivedNs, bulk.LateRows));
            Assert.Equal(single.IsOrderedFrom(single.Head - 5), bulk.IsOrderedFrom(bulk.Head - 5));
        }
    }

    [Fact]
    public void AppendPairs_AfterAggregates_AreNoAggregates()
    {
        RowRing ring = new(Limits(slotsMax: 32), width: 1);
        for (int i = 0; i < 64; i++)
        {
            ring.AppendAggregate(i, i, new AggregateSlot { Min = 1, Max = 2, Sum = 3, Count = 4 }, 0);
        }
        ring.AppendPairs([.. Enumerable.Range(64, 40).SelectMany(i => new long[] { i, -i })], 0);
        long position = 0;
        Rows rows = ReadAll(ring, ref position, out _);
        Assert.Equal(rows.Timestamps.Select(at => -at), rows.Bits);
        Assert.All(rows.Counts, count => Assert.Equal(0UL, count));
    }

    [Fact]
    public void Append_WhenFull_OverwritesOldestAndReadersAreTold()
    {
        RowRing ring = new(Limits(slotsMax: 64), width: 1);
        for (int i = 0; i < 200; i++)
        {
            ring.Append(i, i, 0);
        }
        long position = 10;
        Rows rows = ReadAll(ring, ref position, out long overwritten);

        Assert.Equal(64, ring.Capacity);
        Assert.Equal(63, rows.Bits.Count);        // One slot is the writer's.
        Assert.Equal(137, rows.Bits[0]);
        Assert.Equal(127, overwritten);
        Assert.Equal(200, position);
    }

    [Fact]
    public void Append_AtTheMemoryBudget_KeepsItsSizeAndGrowsOnceThereIsRoom()
    {
        RingBudget budget = new(bytesMax: 32 * 16);
        RowRing ring = new(new RingLimits(budget, 1024, 1024, long.MaxValue), width: 1);
        for (int i = 0; i < 100; i++)
        {
            ring.Append(i, i, 0);
        }
        Assert.Equal(32, ring.Capacity);
        Assert.Equal(32 * 16, budget.BytesUsed);
        Assert.True(budget.RefusedCount > 0);

        budget.Release(64 * 16);
        for (int i = 100; i < 200; i++)
        {
            ring.Append(i, i, 0);
        }
        Assert.Equal(64, ring.Capacity);
        long position = ring.OldestRow();
        Assert.Equal(200 - position, ReadAll(ring, ref position, out _).Bits.Count);
        Assert.True(position == 200);
    }

    [Fact]
    public void Append_OnceALapTakesTheSpan_DoesNotGrow()
    {
        RowRing ring = new(Limits(slotsMax: 4096, spanNs: 60 * Second), width: 1);
        for (int i = 0; i < 1000; i++)
        {
            ring.Append(i == 5 ? long.MaxValue : i, i, receivedNs: i * Second);
        }
        Assert.Equal(64, ring.Capacity);
    }

    [Fact]
    public void Seek_WithRisingTimestamps_FindsTheFirstInRange()
    {
        RowRing ring = new(Limits(slotsMax: 64), width: 1);
        for (int i = 0; i < 500; i++)
        {
            ring.Append(i * 10, i, 0);
        }
        Assert.Equal(450, ring.Seek(4500));
        Assert.Equal(451, ring.Seek(4501));
        Assert.Equal(437, ring.Seek(0));
        Assert.Equal(500, ring.Seek(long.MaxValue));
        Assert.Equal(0, new RowRing(Limits(64), 1).Seek(5));
    }

    [Fact]
    public void Seek_WithATimestampGoingBack_BeginsAtTheOldest()
    {
        RowRing ring = new(Limits(slotsMax: 64), width: 1);
        ring.Append(100, 1, 0);
        ring.Append(50, 2, 0);
        ring.Append(200, 3, 0);

        Assert.False(ring.IsOrderedFrom(0));
        Assert.True(ring.IsOrderedFrom(2));
        Assert.Equal(0, ring.Seek(150));
        Assert.Equal(200, ring.NewestTimestampNs);
    }

    [Fact]
    public void AppendAggregate_BetweenPlainSamples_KeepsBothKindsApart()
    {
        RowRing ring = new(Limits(slotsMax: 64), width: 1);
        for (int i = 0; i < 40; i++)
        {
            if (i % 3 == 0)
            {
                ring.AppendAggregate(i, i, new AggregateSlot { Min = -i, Max = i, Sum = i * 2, Count = 5 }, 0);
            }
            else
            {
                ring.Append(i, i, 0);
            }
        }
        for (int i = 40; i < 100; i++)
        {
            ring.Append(i, i, 0);
        }
        long position = 0;
        Rows rows = ReadAll(ring, ref position, out long overwritten);
        Assert.Equal(37, overwritten);
        Assert.Equal([37, 38, 39], rows.Bits.Take(3));
        Assert.Equal(5UL, rows.Counts[2]);
        Assert.Equal(-39, rows.Min[2]);
        Assert.Equal(78, rows.Sum[2]);
        Assert.All(rows.Counts.Where((_, row) => row != 2), count => Assert.Equal(0UL, count));
    }

    [Fact]
    public void AppendAggregate_AtTheMemoryBudget_GivesUpOldSamplesAndStaysWithin()
    {
        RingBudget budget = new(bytesMax: 512 * 16);
        RowRing ring = new(new RingLimits(budget, 512, 1024, long.MaxValue), width: 1);
        for (int i = 0; i < 512; i++)
        {
            ring.Append(i, i, 0);
        }
        ring.AppendAggregate(512, 512, new AggregateSlot { Min = 1, Max = 2, Sum = 3, Count = 2 }, 0);

        Assert.Equal(128, ring.Capacity);
        Assert.Equal(128 * 48, budget.BytesUsed);
        long position = 0;
        Rows rows = ReadAll(ring, ref position, out long overwritten);
        Assert.Equal(513, overwritten + rows.Bits.Count);
        Assert.Equal(512, rows.Bits[^1]);
        Assert.Equal(2UL, rows.Counts[^1]);
    }

    private static RingLimits Limits(int slotsMax, long spanNs = long.MaxValue) => new(new RingBudget(long.MaxValue), slotsMax, 4096, spanNs);

    private static Rows ReadAll(RowRing ring, ref long position, out long overwritten)
    {
        Rows rows = new();
        overwritten = 0;
        while (position < ring.Head)
        {
            long[] timestamps = new long[50];
            long[] bits = new long[50];
            double[] min = new double[50];
            double[] max = new double[50];
            double[] sum = new double[50];
            ulong[] counts = new ulong[50];
            int copied = ring.CopyNew(0, ref position, new SampleColumns(timestamps, bits, min, max, sum, counts), out long lost);
            overwritten += lost;
            rows.Timestamps.AddRange(timestamps[..copied]);
            rows.Bits.AddRange(bits[..copied]);
            rows.Min.AddRange(min[..copied]);
            rows.Sum.AddRange(sum[..copied]);
            rows.Counts.AddRange(counts[..copied]);
        }
        return rows;
    }

    private sealed class Rows
    {
        public List<long> Timestamps { get; } = [];
        public List<long> Bits { get; } = [];
        public List<double> Min { get; } = [];
        public List<double> Sum { get; } = [];
        public List<ulong> Counts { get; } = [];
    }
}
