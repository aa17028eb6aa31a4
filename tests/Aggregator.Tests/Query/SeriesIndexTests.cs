using Observability.Aggregator.Query;
using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Query;

public sealed class SeriesIndexTests
{
    private const long Second = 1_000_000_000;

    private readonly TelemetryStore _store = new(new StorageOptions { IdleSecondsMax = 1, LeaveSecondsMax = 10 }, 1);
    private readonly SeriesIndex _index;

    public SeriesIndexTests()
    {
        _index = new SeriesIndex(_store);
    }

    [Theory]
    [InlineData("{}", true)]
    [InlineData("metric_1", true)]
    [InlineData("{route=~\"/api/[12]\",zone=\"eu\"}", true)]
    [InlineData("{route!~\"/api/.*\"}", true)]
    [InlineData("{absent=~\".*\",service=~\"s.*\",instance!=\"i3\"}", true)]
    [InlineData("{__name__=~\"metric_.\",zone=~\"eu|us\",route!=\"/api/1\"}", true)]
    [InlineData("{unique=\"77\"}", true)]
    [InlineData("{unique=\"77\",zone=~\"e.*\",instance=~\"i[0-9]\"}", false)]
    [InlineData("{absent!=\"\"}", false)]
    [InlineData("{zone=\"\"}", false)]
    [InlineData("{route=\"\"}", true)]
    [InlineData("nothing", false)]
    public void Find_WhateverIsAsked_FindsWhatTheSelectorMatches(string text, bool finds)
    {
        Selector selector = Parse(text);
        Assert.Empty(_index.Find(selector));
        for (int part = 0; part < 3; part++)
        {
            Add(part * 400, 400);
            Assert.Equal(Expected(selector), _index.Find(selector));
        }
        Assert.Equal(finds, _index.Find(selector).Count > 0);
    }

    [Fact]
    public void Find_WhileSeriesComeAndGo_KeepsWhatTheIndexHoldsInTheBudget()
    {
        const int Count = 4000;
        HistorySealer sealer = new(_store);
        Selector selector = Parse("{zone=\"eu\"}");
        long nowNs = 1_763_769_600 * Second;
        Add(0, Count, nowNs);
        long before = _store.MemoryBytes;
        _ = _index.Find(selector);
        long held = _store.MemoryBytes - before;
        // A place for each series, and one for each of its labels, name, service and instance.
        Assert.InRange(held, Count * (8 + (4 * 4)), Count * 300);
        Assert.Equal(before + held, Again());

        for (int pass = 0; pass < 200; pass++)
        {
            sealer.Pass(nowNs += Second / 4);
        }
        Assert.Equal(Count, _store.Catalog.EvictedSeries);
        before = _store.MemoryBytes - held;
        Add(Count, 10, nowNs);
        long added = _store.MemoryBytes - before - held;
        Assert.InRange(Again() - before - added, 1, held);

        long Again()
        {
            _ = _index.Find(selector);
            return _store.MemoryBytes;
        }
    }

    [Fact]
    public void Find_AfterSeriesHaveLeft_FindsThoseThatAreThere()
    {
        HistorySealer sealer = new(_store);
        Selector selector = Parse("{zone=\"eu\"}");
        long nowNs = 1_763_769_600 * Second;
        for (int round = 0; round < 4; round++)
        {
            Add(round * 2000, 2000, nowNs);
            Assert.Equal(1000, _index.Find(selector).Count);
            for (int pass = 0; pass < 200; pass++)
            {
                sealer.Pass(nowNs += Second / 4);
            }
            Assert.Empty(_index.Find(selector));
        }
        Assert.Equal(8000, _store.Catalog.EvictedSeries);
    }

    private static Selector Parse(string text) => Selector.TryParse(text, out Selector? selector, out string error) ? selector! : throw new ArgumentException(error);

    private List<Series> Expected(Selector selector) => [.. _store.AllSeries.ToArray().Where(selector.Matches)];

    private void Add(int first, int count, long receivedNs = 1)
    {
        for (int index = first; index < first + count; index++)
        {
            List<Label> labels = [new Label("zone", index % 2 == 0 ? "eu" : "us"), new Label("unique", $"{index}")];
            if (index % 3 != 0)
            {
                labels.Add(new Label("route", $"/api/{index % 5}"));
            }
            SourceWriter writer = _store.Catalog.OpenWriter("s", $"i{index % 7}");
            (writer.ReceivedNs, writer.Source.NewestReceivedNs) = (receivedNs, receivedNs);
            Assert.Equal(AddSeriesResult.Added, _store.Catalog.TryAddSeries(writer, $"metric_{index % 11}", LabelSet.From(labels), SeriesKind.Gauge, "", out _));
        }
    }
}
