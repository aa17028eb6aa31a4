using Observability.Agent.Batching;
using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Batching;

public sealed class BatchLogTests
{
    private const long Second = 1_000_000_000;

    private long _nowNs;

    [Fact]
    public void TryCopyPending_AppendedBatches_GivesEachOnceInOrder()
    {
        using BatchLog log = Create();
        Append(log, 1, 2, 3);
        ulong cursor = 0;
        Assert.Equal([(1UL, 1), (2UL, 2), (3UL, 3)], Drain(log, ref cursor));
        Assert.Empty(Drain(log, ref cursor));
        Append(log, 4);
        Assert.Equal([(4UL, 4)], Drain(log, ref cursor));
    }

    [Fact]
    public void TryCopyPending_OnANewStream_GivesOnlyWhatIsNotAcknowledged()
    {
        using BatchLog log = Create();
        Append(log, 1, 2, 3);
        ulong cursor = 0;
        Drain(log, ref cursor);
        log.Acknowledge(2, 0, 77);
        cursor = 0;
        Assert.Equal([(3UL, 3)], Drain(log, ref cursor));
        LedgerCounts counts = Counts(log, out _);
        Assert.Equal((6L, 6L, 3L, 3L, 3L), (counts.Recorded, counts.Sent, counts.Resent, counts.Acknowledged, counts.Pending));
    }

    [Fact]
    public void Acknowledge_WithRejectedSamples_CountsThemAsDropped()
    {
        using BatchLog log = Create();
        Append(log, 5, 5);
        Assert.True(log.Acknowledge(2, 3, 77));
        Assert.False(log.Acknowledge(2, 3, 77));            // the same again is no news
        LedgerCounts counts = Counts(log, out long[] dropped);
        Assert.Equal((7L, 0L, 3L), (counts.Acknowledged, counts.Pending, dropped[(int)DropReason.Rejected]));
    }

    [Fact]
    public void Acknowledge_BeyondWhatWasAppended_IsBounded()
    {
        using BatchLog log = Create();
        Append(log, 5);
        log.Acknowledge(ulong.MaxValue, 100, 77);
        Append(log, 2);
        ulong cursor = 0;
        Assert.Equal([(2UL, 2)], Drain(log, ref cursor));
        LedgerCounts counts = Counts(log, out long[] dropped);
        Assert.Equal((0L, 2L, 5L), (counts.Acknowledged, counts.Pending, dropped[(int)DropReason.Rejected]));
    }

    [Fact]
    public void Append_WhenFull_DropsTheOldestPendingAndCountsIt()
    {
        using BatchLog log = Create(bytesMax: 65_536);
        byte[] batch = new byte[1000];
        for (int i = 1; i <= 65; i++)
        {
            log.Append(batch, [new BatchSlice(0, batch.Length, 10)], 0);
        }
        Assert.Equal(0, Counts(log, out long[] dropped).Pending - 650);
        log.Append(batch, [new BatchSlice(0, batch.Length, 10)], 0);
        LedgerCounts counts = Counts(log, out dropped);
        Assert.Equal((650L, 10L), (counts.Pending, dropped[(int)DropReason.BufferFull]));
        ulong cursor = 0;
        Assert.Equal(2UL, Drain(log, ref cursor)[0].Sequence);
        log.Acknowledge(66, 0, 1);
        log.Append(batch, [new BatchSlice(0, batch.Length, 10)], 0);
        Counts(log, out dropped);
        Assert.Equal(10, dropped[(int)DropReason.BufferFull]);                 // room again: acknowledged ones gave way
    }

    [Fact]
    public void Append_WhenFullOfBatchesUnderWay_CountsThemOnceTheirEndIsKnown()
    {
        using BatchLog log = Create(bytesMax: 65_536);
        byte[] batch = new byte[1000];
        void AppendBatches(int count)
        {
            for (int i = 0; i < count; i++)
            {
                log.Append(batch, [new BatchSlice(0, batch.Length, 10)], 0);
            }
        }
        AppendBatches(65);
        ulong cursor = 0;
        Drain(log, ref cursor);
        AppendBatches(5);                                   // takes the place of 1 to 5, which were sent
        LedgerCounts counts = Counts(log, out long[] dropped);
        Assert.Equal((700L, 0L), (counts.Pending, dropped.Sum()));
        log.Acknowledge(3, 0, 77);                          // 1 to 3 had arrived
        cursor = 0;
        Assert.Equal(6UL, Drain(log, ref cursor)[0].Sequence);                 // a new stream: 4 and 5 had not
        counts = Counts(log, out dropped);
        Assert.Equal((30L, 650L, 20L), (counts.Acknowledged, counts.Pending, dropped[(int)DropReason.BufferFull]));
        Assert.Equal(20, dropped.Sum());
    }

    [Fact]
    public void Append_ABatchLargerThanTheLog_DropsThatBatchOnly()
    {
        using BatchLog log = Create(bytesMax: 65_536);
        Append(log, 3);
        log.Append(new byte[65_537], [new BatchSlice(0, 65_537, 9)], 0);
        LedgerCounts counts = Counts(log, out long[] dropped);
        Assert.Equal((3L, 9L), (counts.Pending, dropped[(int)DropReason.TooLarge]));
    }

    [Fact]
    public void TryCopyReplay_AfterTheSessionChanged_GivesTheLastSecondsOnce()
    {
        using BatchLog log = Create();
        Append(log, 1);
        _nowNs += 6 * Second;
        Append(log, 2);
        _nowNs += 3 * Second;
        Append(log, 3, 4);
        log.Acknowledge(3, 0, serverSession: 77);
        Assert.Empty(Replay(log, serverSession: 77));
        _nowNs += 2 * Second;                               // the first is 11 s old now
        Assert.Equal([(2UL, 2), (3UL, 3)], Replay(log, serverSession: 78));
        Assert.Equal(5, Counts(log, out _).Replayed);
        Assert.Equal(4, Counts(log, out _).Pending);
    }

    [Fact]
    public void TryCopyReplay_BackAtTheFirstAggregator_GivesOnlyWhatTheOtherAcknowledged()
    {
        using BatchLog log = Create();
        Append(log, 1, 2);
        log.Acknowledge(2, 0, serverSession: 77);
        Append(log, 3);
        log.Acknowledge(3, 0, serverSession: 78);
        Assert.Equal([(3UL, 3)], Replay(log, serverSession: 77));
    }

    [Fact]
    public void Append_LongAfterAnAcknowledgement_ForgetsWhatCannotBeReplayed()
    {
        using BatchLog log = Create();
        Append(log, 1);
        log.Acknowledge(1, 0, 77);
        _nowNs += 11 * Second;
        Append(log, 2);
        _nowNs -= 11 * Second;
        Assert.Empty(Replay(log, serverSession: 78));
    }

    [Fact]
    public void TryDropFirstSent_OfTwoSent_DropsOneAndGoesOnAfterIt()
    {
        using BatchLog log = Create();
        Append(log, 1, 2, 3);
        ulong cursor = 0;
        using var writer = new ProtoWriter();
        log.TryCopyPending(ref cursor, writer, out _);
        log.TryCopyPending(ref cursor, writer, out _);
        log.Acknowledge(1, 0, 77);
        Assert.True(log.TryDropFirstSent(DropReason.Malformed));
        Assert.False(log.TryDropFirstSent(DropReason.Malformed));          // the third was never sent
        cursor = 0;
        Assert.Equal([(3UL, 3)], Drain(log, ref cursor));
        log.Acknowledge(3, 0, 77);
        LedgerCounts counts = Counts(log, out long[] dropped);
        Assert.Equal((4L, 0L, 2L), (counts.Acknowledged, counts.Pending, dropped[(int)DropReason.Malformed]));
    }

    [Fact]
    public void Snapshot_DuringAnyHistory_Balances()
    {
        using BatchLog log = Create(bytesMax: 65_536);
        var random = new Random(17);
        var contents = new Dictionary<ulong, byte[]>();
        ulong next = 1;
        ulong cursor = 0;
        using var writer = new ProtoWriter();
        for (int step = 0; step < 20_000; step++)
        {
            switch (random.Next(12))
            {
                case < 6:
                    byte[] bytes = new byte[random.Next(1, 2000)];
                    random.NextBytes(bytes);
                    contents[next++] = bytes;
                    log.Append(bytes, [new BatchSlice(0, bytes.Length, random.Next(1, 50))], 0);
                    break;
                case < 9:
                    writer.Clear();
                    if (log.TryCopyPending(ref cursor, writer, out BatchToSend batch))
                    {
                        Assert.True(writer.Written.SequenceEqual(contents[batch.Sequence]));
                    }
                    break;
                case 9:
                    log.Acknowledge(cursor > 3 ? cursor - 3 : 0, random.Next(3), (ulong)random.Next(1, 3));
                    break;
                case 10:
                    cursor = random.Next(20) == 0 ? 0 : cursor;
                    break;
                default:
                    log.TryDropFirstSent(DropReason.Malformed);
                    break;
            }
            _nowNs += Second / 50;
            LedgerCounts counts = Counts(log, out long[] dropped);
            Assert.Equal(counts.Recorded, counts.Acknowledged + counts.Pending + dropped.Sum());
            Assert.InRange(counts.Pending, 0, counts.Recorded);
        }
    }

    private BatchLog Create(int bytesMax = 1 << 20) => new(bytesMax, TimeSpan.FromSeconds(10), () => _nowNs);

    private static void Append(BatchLog log, params int[] sampleCounts)
    {
        foreach (int count in sampleCounts)
        {
            log.Append(new byte[count], [new BatchSlice(0, count, count)], 0);
        }
    }

    private static List<(ulong Sequence, int Samples)> Drain(BatchLog log, ref ulong cursor)
    {
        using var writer = new ProtoWriter();
        var batches = new List<(ulong, int)>();
        while (log.TryCopyPending(ref cursor, writer, out BatchToSend batch))
        {
            batches.Add((batch.Sequence, batch.SampleCount));
        }
        return batches;
    }

    private static List<(ulong Sequence, int Samples)> Replay(BatchLog log, ulong serverSession)
    {
        using var writer = new ProtoWriter();
        var batches = new List<(ulong, int)>();
        ulong cursor = 0;
        while (log.TryCopyReplay(ref cursor, serverSession, writer, out BatchToSend batch))
        {
            batches.Add((batch.Sequence, batch.SampleCount));
        }
        return batches;
    }

    private static LedgerCounts Counts(BatchLog log, out long[] dropped)
    {
        dropped = new long[DropReasons.Count];
        return log.Snapshot(dropped);
    }
}
