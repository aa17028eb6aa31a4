using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming;
using Observability.Aggregator.Streaming.Frames;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Streaming;

/// <summary>
/// The loop as a model: arrival, wait for others, look, sleep; the schedule and the signal are the real ones, the clock is not. The model has no look by the clock:
/// a wake-up that is lost is a sample that is never shown. Every way is tried in which a few arrivals can fall into 40 ms and between the steps of a pass.
/// </summary>
[Collection(WholeProcess.Name)]
public sealed class FrameWakeupTests
{
    private const long Ms = 1_000_000;
    private const long StartNs = 1_000 * Ms;
    private const int SlotMs = 5;
    private const int SlotCount = 8;

    /// <summary>A sleep is given in whole milliseconds, and may end that much early or late.</summary>
    private const long SleepNs = Ms + 300_000;

    private const long PassNs = 10_000;

    private enum Phase
    {
        Asleep,
        BeforeTake,
        BeforeLook,
        BeforeSleep,
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 2)]
    [InlineData(0, 5)]
    [InlineData(1, 2)]
    [InlineData(3, 4)]
    public void EverySample_HoweverArrivalsFall_IsShownWithoutALookByTheClock(int classA, int classB)
    {
        RateClass[] classes = classB < RateClass.All.Length ? [RateClass.All[classA], RateClass.All[classB]] : [RateClass.All[classA]];
        int tried = 0;
        Arrival[] every = [.. from slot in Enumerable.Range(0, SlotCount)
                              from phase in Enum.GetValues<Phase>()
                              from isWatched in (bool[])[true, false]
                              select new Arrival(StartNs + (slot * SlotMs * Ms), phase, isWatched)];
        for (int first = 0; first < every.Length; first++)
        {
            for (int second = first; second < every.Length; second++)
            {
                for (int third = second; third < every.Length; third++)
                {
                    new Model(classes, [every[first], every[second], every[third]]).Run();
                    tried++;
                }
            }
        }
        Assert.Equal(45_760, tried);
    }

    [Fact]
    public void EverySample_WhenTheFastestViewerLeaves_IsShownToTheOthers()
    {
        for (long leavesNs = StartNs; leavesNs < StartNs + (60 * Ms); leavesNs += 500_000)
        {
            for (int periodMs = 3; periodMs < 25; periodMs++)
            {
                Arrival[] arrivals = [.. Enumerable.Range(0, 30).Select(index => new Arrival(StartNs + (index * periodMs * Ms), (Phase)(index % 4), index % 4 != 1))];
                new Model([RateClass.All[0], RateClass.All[2]], arrivals) { FastestLeavesNs = leavesNs }.Run();
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    public async Task WakesMissed_WithTheRealLoopAndSourcesAtMixedRates_StaysZero(int sourceCount)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var store = aggregator.Get<TelemetryStore>();
        TestSource[] sources = [.. Enumerable.Range(0, sourceCount).Select(number => new TestSource(store, instance: $"a-{number}"))];
        Series[] series = [.. sources.Select(source => source.Add("value"))];
        await using LiveClient client = await LiveClient.ConnectAsync(aggregator);
        await client.SubscribeAsync(1, "{instance=\"a-0\"}");
        var random = new Random(41);
        int watched = 0;
        for (int round = 0; round < 600; round++)
        {
            int number = random.Next(2) == 0 ? 0 : random.Next(sourceCount);
            watched += number == 0 ? 1 : 0;
            sources[number].Append(series[number], TimeProvider.System.UnixNs(), round);
            await Task.Delay(random.Next(6), TestContext.Current.CancellationToken);                   // the sources' rhythm
        }
        await client.UntilAsync(() => client.Frames.Sum(frame => frame.SampleCount) == watched, "samples are missing");
        Assert.Equal(0, aggregator.Get<StreamingCounters>().WakesMissed);
    }

    /// <summary>Comes while the loop sleeps, or in the first pass from then on before the step; watched: the viewers are subscribed to its series.</summary>
    private readonly record struct Arrival(long AtNs, Phase Phase, bool IsWatched);

    private sealed class Model
    {
        private readonly FrameSchedule _schedule = new();
        private readonly ArrivalSignal _arrivals = new();
        private readonly List<RateClass> _classes;
        private readonly List<Arrival> _toCome;
        private readonly List<long>[] _unseenNs = [.. RateClass.All.Select(_ => new List<long>())];
        private readonly long[] _framedNs = [.. RateClass.All.Select(_ => 0L)];
        private readonly Arrival[] _case;
        private bool _isWoken = true;
        private long _nowNs = StartNs - (5 * Ms);
        private int _passesLeft = 2000;

        public Model(RateClass[] classes, Arrival[] arrivals)
        {
            _classes = [.. classes];
            _toCome = [.. arrivals.OrderBy(arrival => arrival.AtNs)];
            _case = arrivals;
            _arrivals.Serve(() => _isWoken = true);
        }

        public long FastestLeavesNs { get; init; } = long.MaxValue;

        public void Run()
        {
            do
            {
                Pass();
                Check(_passesLeft-- > 0, "The loop spins");
            }
            while (Sleep());
            Check(_classes.TrueForAll(rate => _unseenNs[rate.Index].Count == 0), "A sample was never shown");
        }

        /// <summary>The text is made of a failure alone: there are millions of checks.</summary>
        private void Check(bool holds, string what)
        {
            if (!holds)
            {
                Assert.Fail($"{what}, {(_nowNs - StartNs) / 1e6} ms after the start: {string.Join(", ", _case)}");
            }
        }

        private void Pass()
        {
            if (_nowNs >= FastestLeavesNs && _classes.Count > 1)
            {
                _classes.RemoveAt(0);
            }
            Arrive(Phase.BeforeTake);
            _schedule.Take(_arrivals, _classes[0], _nowNs, Ms);
            Arrive(Phase.BeforeLook);
            foreach (RateClass rate in _classes.Where(rate => _schedule.IsDue(rate, _nowNs)))
            {
                Look(rate);
            }
            Arrive(Phase.BeforeSleep);
        }

        private void Look(RateClass rate)
        {
            List<long> unseen = _unseenNs[rate.Index];
            foreach (long atNs in unseen)
            {
                // A sample seen by a frame whose signal is taken later makes the faster class's next look one in vain, at the end of its period.
                long free = long.Max(atNs, _framedNs[rate.Index] + rate.PeriodNs);
                long boundNs = free + Ms + FrameSchedule.FruitlessPauseNs + (2 * SleepNs) + (rate == _classes[0] ? 0 : _classes[0].PeriodNs);
                Check(_nowNs <= boundNs, "A sample was shown late");
            }
            _schedule.OnLooked(rate, _nowNs, unseen.Count > 0);
            if (unseen.Count > 0)
            {
                _framedNs[rate.Index] = _nowNs;
                unseen.Clear();
            }
        }

        private void Arrive(Phase phase)
        {
            for (int index = _toCome.Count - 1; index >= 0; index--)
            {
                if (_toCome[index].AtNs <= _nowNs && (_toCome[index].Phase == phase || _toCome[index].Phase == Phase.Asleep))
                {
                    ArriveNow(index);
                }
            }
        }

        private void ArriveNow(int index)
        {
            if (_toCome[index].IsWatched)
            {
                _classes.ForEach(rate => _unseenNs[rate.Index].Add(_nowNs));
            }
            _toCome.RemoveAt(index);
            _arrivals.Signal();
        }

        /// <summary>False: asleep for ever, and nothing comes any more.</summary>
        private bool Sleep()
        {
            long untilNs = _classes.Min(rate => _schedule.ActNs(rate, rate == _classes[0], _arrivals));
            untilNs = _classes.Count > 1 ? long.Min(untilNs, FastestLeavesNs) : untilNs;
            int sleepMs = FrameSchedule.SleepMs(untilNs, _nowNs);
            if (sleepMs == 0)
            {
                _nowNs += PassNs;
                return true;
            }
            long wokenNs = untilNs == long.MaxValue ? long.MaxValue : _nowNs + (sleepMs * Ms);
            while (!_isWoken && NextAsleep(wokenNs) is int index and >= 0)
            {
                _nowNs = long.Max(_nowNs, _toCome[index].AtNs);
                ArriveNow(index);
            }
            if (!_isWoken && wokenNs == long.MaxValue)
            {
                return false;
            }
            _nowNs = _isWoken ? _nowNs + PassNs : wokenNs;
            _isWoken = false;
            return true;
        }

        /// <summary>A sleep without an end meets those too that were to come within a pass.</summary>
        private int NextAsleep(long beforeNs) =>
            _toCome.FindIndex(arrival => arrival.AtNs < beforeNs && (arrival.Phase == Phase.Asleep || beforeNs == long.MaxValue));
    }
}
