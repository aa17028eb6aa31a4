using Observability.Aggregator.History;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class LateCounterTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void Next_OfLateSamplesRestartsAndClocksSetBack_CountsWhatWasCounted()
    {
        CounterMemory memory = default;
        (ulong Total, long AtSeconds, ulong Increase)[] samples =
        [
            (1000, 100, 0),
            (1010, 101, 10),
            (1030, 103, 20),
            (1020, 102, 0),         // late
            (1040, 104, 10),
            (5, 105, 5),            // restarted
            (1045, 103, 0),         // late, from before the restart
            (9, 20, 4),             // the clock was set back by more than samples are late
            (7, 21, 7),             // restarted, by that clock
        ];
        foreach ((ulong total, long at, ulong expected) in samples)
        {
            memory = memory.Next(total, at * Second, out ulong increase);
            Assert.Equal((total, expected), (total, increase));
        }
    }

    [Fact]
    public void Counters_ConflatedWithALateSample_HaveTheIncreaseOfAll()
    {
        SampleBuffer samples = new();
        foreach (int number in (int[])[0, 1, 2, 4, 5, 3, 6, 7])
        {
            samples.Add(number * Second, 1000 + (10 * number), 0, 0, 0, 0);
        }
        CounterMemory memory = default;
        Assert.Equal(70, Conflation.Counters(samples, 0, samples.Count, ref memory).Sum);
        Assert.Equal((1070UL, 7 * Second), (memory.Total, memory.TimestampNs));
    }
}
