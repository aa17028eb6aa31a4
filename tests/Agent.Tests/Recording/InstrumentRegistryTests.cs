using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Recording;

public sealed class InstrumentRegistryTests
{
    private const int StandardSeries = 9;

    [Fact]
    public void Counter_TheSameNameAndLabels_IsTheSameHandle()
    {
        using var recorder = new Recorder();
        CounterHandle first = recorder.Registry.Counter("jobs", "", [("a", "1"), ("b", "2")]);
        Assert.Same(first, recorder.Registry.Counter("jobs", "", [("a", "1"), ("b", "2")]));
        Assert.Same(first, recorder.Registry.Counter("jobs", "", [("b", "2"), ("a", "1")]));
        Assert.NotSame(first, recorder.Registry.Counter("jobs", "", [("a", "1")]));
        Assert.Equal(StandardSeries + 1, first.SeriesRef);
        Assert.Equal([("a", "1"), ("b", "2")], first.Labels);
    }

    [Fact]
    public void Instruments_InOrderOfCreation_HaveDenseRefs()
    {
        using var recorder = new Recorder();
        recorder.Registry.Gauge("g", "", []);
        recorder.Registry.Counter("c", "", []);
        recorder.Registry.Histogram("h", "", []);
        Assert.Equal(Enumerable.Range(1, StandardSeries + 3), recorder.Registry.Instruments.ToArray().Select(i => i.SeriesRef));
    }

    [Fact]
    public void Gauge_ANameUsedByACounter_IsRefusedAndCounted()
    {
        using var recorder = new Recorder();
        CounterHandle counter = recorder.Registry.Counter("x", "", []);
        GaugeHandle gauge = recorder.Registry.Gauge("x", "", []);
        gauge.Set(1);
        gauge.Set(2);
        Assert.False(gauge.IsAccepted);
        Assert.True(counter.IsAccepted);
        Assert.Equal(2, Dropped(recorder, DropReason.KindConflict));
    }

    [Theory]
    [InlineData("rps")]
    [InlineData("latency_p99")]
    [InlineData("inflight")]
    public void Gauge_AComputedName_IsReserved(string name)
    {
        using var recorder = new Recorder();
        recorder.Registry.Gauge(name, "", []).Set(1);
        recorder.Registry.Counter(name, "", []).Add(1);
        Assert.True(recorder.Registry.Gauge(name, "", [("route", "/")]).IsAccepted);
        Assert.Equal(2, Dropped(recorder, DropReason.ReservedName));
    }

    [Fact]
    public void Counter_AtTheSeriesLimit_RefusesFurtherSeriesAndKeepsTheOld()
    {
        using var recorder = new Recorder(seriesMax: StandardSeries + 2);
        CounterHandle last = recorder.Registry.Counter("b", "", []);
        Assert.True(recorder.Registry.Counter("a", "", []).IsAccepted);
        CounterHandle beyond = recorder.Registry.Counter("c", "", []);
        beyond.Add(5);
        recorder.Registry.Gauge("d", "", []).Set(1);
        recorder.Registry.Histogram("e", "", []).Record(1);
        Assert.False(beyond.IsAccepted);
        Assert.Same(last, recorder.Registry.Counter("b", "", []));
        Assert.Equal(3, Dropped(recorder, DropReason.SeriesLimit));
        Assert.Equal(StandardSeries + 2, recorder.Registry.Instruments.Length);
    }

    [Fact]
    public void Counter_WithInvalidNames_IsRefusedAndCountedWithoutThrowing()
    {
        using var recorder = new Recorder();
        string tooLong = new('x', SeriesNames.NameBytesMax + 1);
        recorder.Registry.Counter("", "", []).Add(1);
        recorder.Registry.Counter(null!, "", []).Add(1);
        recorder.Registry.Counter("  ", "", []).Add(1);
        recorder.Registry.Counter(tooLong, "", []).Add(1);
        recorder.Registry.Counter("x", new string('u', SeriesNames.UnitBytesMax + 1), []).Add(1);
        recorder.Registry.Counter("x", "", [("", "v")]).Add(1);
        recorder.Registry.Counter("x", "", [(null!, "v")]).Add(1);
        recorder.Registry.Counter("x", "", [("n", null!)]).Add(1);
        recorder.Registry.Counter("x", "", [("service", "v")]).Add(1);
        recorder.Registry.Counter("x", "", [("instance", "v")]).Add(1);
        recorder.Registry.Counter("x", "", [("n", "1"), ("n", "2")]).Add(1);
        recorder.Registry.Counter("x", "", [("n", new string('v', SeriesNames.LabelValueBytesMax + 1))]).Add(1);
        recorder.Registry.Counter("x", "", [.. Enumerable.Range(0, SeriesNames.LabelsMax + 1).Select(i => ($"n{i}", "v"))]).Add(1);
        Assert.Equal(13, Dropped(recorder, DropReason.InvalidName));
        Assert.True(recorder.Registry.Counter(tooLong[1..], "", []).IsAccepted);
        Assert.True(recorder.Registry.Counter("x", "", [("n", new string('v', SeriesNames.LabelValueBytesMax))]).IsAccepted);
        Assert.True(recorder.Registry.Counter("x", "", [.. Enumerable.Range(0, SeriesNames.LabelsMax).Select(i => ($"n{i}", "v"))]).IsAccepted);
    }

    [Fact]
    public void Counter_WhoseUnitBecomesKnown_IsDeclaredAgain()
    {
        using var recorder = new Recorder();
        CounterHandle counter = recorder.Registry.Counter("bytes", "", []);
        int declared = recorder.Registry.Declarations.Length;
        Assert.Same(counter, recorder.Registry.Counter("bytes", "By", []));
        Assert.Equal("By", counter.Unit);
        Assert.Equal(declared + 1, recorder.Registry.Declarations.Length);
        recorder.Registry.Counter("bytes", "s", []);
        Assert.Equal("By", counter.Unit);
        Assert.Equal(declared + 1, recorder.Registry.Declarations.Length);
    }

    [Fact]
    public async Task Counter_FromManyThreads_GivesEachSeriesOneRef()
    {
        using var recorder = new Recorder(seriesMax: 1000);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 500; i++)
            {
                recorder.Registry.Counter("jobs", "", [("n", $"{i}")]).Add(1);
            }
        })));
        CounterHandle[] counters = [.. recorder.Registry.Instruments.ToArray().OfType<CounterHandle>().Where(c => c.Name == "jobs")];
        Assert.Equal(500, counters.Length);
        Assert.All(counters, counter => Assert.Equal(4UL, counter.Total()));
    }

    [Fact]
    public void ByName_InSteadyState_AllocatesNothing()
    {
        using var recorder = new Recorder(bufferSize: 16_384);
        string[] routes = ["/api/a", "/api/b"];
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                recorder.Registry.Counter("requests", "", [("route", routes[i & 1]), ("status", "200")]).Add(1);
                recorder.Registry.Gauge("depth", "", [("route", routes[i & 1])]).Set(i);
                recorder.Registry.Histogram("size", "", []).Record(i);
            }
        }));
    }

    [Fact]
    public void ByName_PastTheSeriesLimit_AllocatesNothingAndTakesNoLock()
    {
        using var recorder = new Recorder(seriesMax: StandardSeries + 2, bufferSize: 16_384);
        recorder.Registry.Counter("known", "", [("a", "1"), ("b", "2")]).Add(1);
        recorder.Registry.Counter("last", "", []).Add(1);
        string[] routes = [.. Enumerable.Range(0, 1000).Select(i => $"/api/{i}")];
        void Record()
        {
            foreach (string route in routes)
            {
                recorder.Registry.Counter("requests", "1", [("route", route), ("status", "200")]).Add(1);
                recorder.Registry.Gauge("depth", "", [("route", route)]).Set(1);
                recorder.Registry.Histogram("size", "", [("route", route)]).Record(1);
            }
        }
        Assert.Equal(0, Allocation.Of(Record));
        long before = Dropped(recorder, DropReason.SeriesLimit);
        lock (recorder.Registry.Gate)
        {
            var recording = new Thread(Record);
            recording.Start();
            Assert.True(recording.Join(TimeSpan.FromSeconds(20)), "Recording waits for the lock.");
        }
        Assert.Equal(before + (3 * routes.Length), Dropped(recorder, DropReason.SeriesLimit));
        Assert.True(recorder.Registry.Counter("known", "", [("b", "2"), ("a", "1")]).IsAccepted);
    }

    [Fact]
    public void Counter_WithLabelsThatDifferInOneValue_IsAnotherSeries()
    {
        using var recorder = new Recorder();
        CounterHandle first = recorder.Registry.Counter("jobs", "", [("a", "1"), ("b", "2")]);
        Assert.NotSame(first, recorder.Registry.Counter("jobs", "", [("b", "1"), ("a", "2")]));
        Assert.NotSame(first, recorder.Registry.Counter("jobs", "", [("b", "2"), ("a", "2")]));
        Assert.NotSame(first, recorder.Registry.Counter("jobs", "", [("b", "2"), ("c", "1")]));
        Assert.Same(first, recorder.Registry.Counter("jobs", "", [("b", "2"), ("a", "1")]));
    }

    private static long Dropped(Recorder recorder, DropReason reason)
    {
        recorder.Ledger(out long[] dropped);
        return dropped[(int)reason];
    }
}
