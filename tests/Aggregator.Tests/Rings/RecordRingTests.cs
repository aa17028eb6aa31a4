using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Tests.Rings;

public sealed class RecordRingTests
{
    [Fact]
    public void TryAppend_RecordsOfManySizes_ComeBackWhole()
    {
        RecordRing ring = new(Limits(slotsMax: 256, bytesMax: 64 * 1024));
        for (int i = 0; i < 200; i++)
        {
            Assert.True(ring.TryAppend(i, Record(i), 3));
        }
        List<int> read = ReadAll(ring, 0, out long overwritten);

        Assert.Equal(0, overwritten);
        Assert.Equal(Enumerable.Range(0, 200), read);
        Assert.Equal(199, ring.NewestTimestampNs);
        Assert.Equal(3, ring.ReceivedNs);
    }

    [Fact]
    public void TryAppend_WhenFull_OverwritesOldestAndReadersAreTold()
    {
        RecordRing ring = new(Limits(slotsMax: 32, bytesMax: 64 * 1024));
        for (int i = 0; i < 500; i++)
        {
            Assert.True(ring.TryAppend(i, Record(i), 0));
        }
        List<int> read = ReadAll(ring, 0, out long overwritten);

        Assert.Equal(Enumerable.Range(469, 31), read);
        Assert.Equal(469, overwritten);
    }

    [Fact]
    public void TryAppend_WhenTheBytesAreFull_LosesTheOldestRecordsOnly()
    {
        RecordRing ring = new(Limits(slotsMax: 1024, bytesMax: 4096));
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(ring.TryAppend(i, Record(i), 0));
        }
        List<int> read = ReadAll(ring, 0, out long overwritten);

        Assert.Equal(1000, overwritten + read.Count);
        Assert.Equal(Enumerable.Range((int)overwritten, read.Count), read);
        Assert.InRange(read.Count, 20, 100);
    }

    [Theory]
    [InlineData(1024, true)]     // A quarter of the ring: at the limit.
    [InlineData(1025, false)]    // One past it.
    public void TryAppend_RecordOfAQuarterOfTheRing_IsTheLargest(int size, bool fits)
    {
        RecordRing ring = new(Limits(slotsMax: 64, bytesMax: 4096));
        Assert.True(ring.TryAppend(0, Record(0), 0));
        Assert.Equal(fits, ring.TryAppend(1, new byte[size], 0));
        Assert.True(ring.TryAppend(2, Record(2), 0));
        Assert.Equal(fits ? 3 : 2, ring.Head);
    }

    [Fact]
    public void TryAppend_AtTheMemoryBudget_RefusesOnlyWhatDoesNotFit()
    {
        RingBudget budget = new(RecordSlots.SizeInBytes(RingLimits.SlotsFirst, 512));
        RecordRing ring = new(new RingLimits(budget, 1024, 1024 * 1024, long.MaxValue));
        Assert.True(ring.TryAppend(0, new byte[128], 0));
        Assert.False(ring.TryAppend(1, new byte[129], 0));
        Assert.True(ring.TryAppend(2, new byte[128], 0));
        budget.Release(512);
        Assert.True(ring.TryAppend(3, new byte[129], 0));
    }

    /// <summary>A refused record leaves the head as it was, but the writer has been there: its view of the ring must not be taken from it.</summary>
    [Fact]
    public void TryPark_AfterARefusedAppend_LeavesTheRingAlone()
    {
        RecordRing ring = new(Limits(slotsMax: 64, bytesMax: 4096));
        Assert.True(ring.TryAppend(0, Record(0), 0));
        ring.SealedRecords = ring.Head;
        long head = ring.AskToPark();
        Assert.False(ring.TryAppend(1, new byte[2000], 0));
        Assert.False(ring.TryPark(head));

        Assert.True(ring.TryAppend(1, Record(1), 0));
        Assert.Equal([0, 1], ReadAll(ring, 0, out _));
        ring.SealedRecords = ring.Head;
        Assert.True(ring.TryPark(ring.AskToPark()));
        Assert.True(ring.TryAppend(2, Record(2), 0));
        Assert.Equal([2], ReadAll(ring, 2, out _));
    }

    private static RingLimits Limits(int slotsMax, int bytesMax) => new(new RingBudget(long.MaxValue), slotsMax, bytesMax, long.MaxValue);

    private static byte[] Record(int number)
    {
        byte[] record = new byte[4 + (number * 37 % 180)];
        BitConverter.TryWriteBytes(record, number);
        record.AsSpan(4).Fill((byte)number);
        return record;
    }

    private static List<int> ReadAll(RecordRing ring, long position, out long overwritten)
    {
        List<int> read = [];
        byte[] scratch = [];
        overwritten = 0;
        while (ring.ReadNext(ref position, ref scratch, out long timestampNs, out long lost) is int size and >= 0)
        {
            int number = BitConverter.ToInt32(scratch);
            Assert.Equal(timestampNs, number);
            Assert.Equal(Record(number), scratch.AsSpan(0, size).ToArray());
            overwritten += lost;
            read.Add(number);
        }
        return read;
    }
}
