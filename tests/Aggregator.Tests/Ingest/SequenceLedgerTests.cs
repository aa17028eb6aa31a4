using Observability.Aggregator.Ingest;

namespace Observability.Aggregator.Tests.Ingest;

public sealed class SequenceLedgerTests
{
    [Fact]
    public void TryApply_RisingSequences_EachOnce()
    {
        SequenceLedger ledger = new();
        Assert.True(ledger.TryApply(1));
        Assert.True(ledger.TryApply(2));
        Assert.False(ledger.TryApply(2));
        Assert.False(ledger.TryApply(1));
        Assert.True(ledger.TryApply(5));
        Assert.Equal((5UL, 2UL), (ledger.Mark, ledger.SkippedCount));
    }

    [Fact]
    public void TryReplay_BetweenLiveRanges_EachOnce()
    {
        SequenceLedger ledger = new();
        ledger.TryApply(10);
        ledger.TryApply(20);
        ledger.TryApply(ulong.MaxValue);
        Assert.False(ledger.TryReplay(10));
        Assert.True(ledger.TryReplay(11));
        Assert.False(ledger.TryReplay(11));
        Assert.True(ledger.TryReplay(9));
        Assert.True(ledger.TryReplay(19));
        Assert.True(ledger.TryReplay(1));
        Assert.False(ledger.TryReplay(1));
        Assert.False(ledger.TryReplay(ulong.MaxValue));
        Assert.True(ledger.TryReplay(ulong.MaxValue - 1));
        Assert.Equal(ulong.MaxValue, ledger.Mark);
    }

    [Fact]
    public void Ledger_AgainstASetOfNumbers_NeverAppliesTwice()
    {
        Random random = new(5);
        for (int round = 0; round < 200; round++)
        {
            SequenceLedger ledger = new();
            HashSet<ulong> applied = [];
            ulong live = 0;
            int forgotten = 0;
            for (int i = 0; i < 300; i++)
            {
                bool replay = random.Next(2) == 0;
                ulong sequence = replay ? (ulong)random.Next(1, (int)live + 2) : live += (ulong)random.Next(1, random.Next(2, 4));
                bool isNew = replay ? ledger.TryReplay(sequence) : ledger.TryApply(sequence);
                Assert.True(!isNew || applied.Add(sequence), $"round {round}: {sequence} was applied twice.");
                forgotten += !isNew && !applied.Contains(sequence) ? 1 : 0;
                live = Math.Max(live, ledger.Mark);
            }
            Assert.InRange(forgotten, 0, 150);    // Only once there are more ranges than are kept.
        }
    }

    [Fact]
    public void Ledger_AtTheLimitOfRanges_KeepsThemApartAndOnePastItJoinsTheOldest()
    {
        SequenceLedger ledger = new();
        for (ulong i = 1; i <= SequenceLedger.RangesMax; i++)
        {
            ledger.TryApply(i * 10);
        }
        Assert.True(ledger.TryReplay(12));
        ledger = new SequenceLedger();
        for (ulong i = 1; i <= SequenceLedger.RangesMax + 1; i++)
        {
            ledger.TryApply(i * 10);
        }
        Assert.False(ledger.TryReplay(12));    // 10 to 20 count as one now.
        Assert.True(ledger.TryReplay(22));
        Assert.True(ledger.TryReplay(9));
    }
}
