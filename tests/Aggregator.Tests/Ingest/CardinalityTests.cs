using Observability.Aggregator.Ingest;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Ingest;

public sealed class CardinalityTests
{
    [Fact]
    public void Read_LabelWhoseValuesExplode_IsNamed()
    {
        TelemetryStore store = new(new StorageOptions(), sessionId: 1);
        SourceWriter writer = store.Catalog.OpenWriter("s", "i");
        for (int i = 0; i < 1200; i++)
        {
            Add(store, writer, "requests_total", ("route", $"/{i % 4}"), ("user", $"{i}"));
        }
        for (int i = 0; i < 1100; i++)
        {
            // Many series, but of two labels together: neither explodes by itself.
            Add(store, writer, "grid", ("x", $"{i % 40}"), ("y", $"{i / 40}"));
        }
        Add(store, writer, "lonely");
        Cardinality cardinality = new(store, new IngestOptions());

        IReadOnlyList<MetricCardinality> told = cardinality.Read();
        Assert.Equal([("requests_total", 1200, "user"), ("grid", 1100, null), ("lonely", 1, null)], told.Select(one => (one.Name, one.Series, one.ExplodingLabel)));
        Assert.Equal([new LabelCardinality("user", 1200), new LabelCardinality("route", 4)], told[0].Labels);
        Assert.Same(told, cardinality.Read());
        Add(store, writer, "lonely", ("a", "b"));
        Assert.Equal(2, cardinality.Read()[2].Series);
    }

    [Fact]
    public void Read_AtALowLimit_NamesTheLabelThatReachedIt()
    {
        TelemetryStore store = new(new StorageOptions { SeriesMax = 10 }, sessionId: 1);
        SourceWriter writer = store.Catalog.OpenWriter("s", "i");
        for (int i = 0; i < 10; i++)
        {
            Add(store, writer, "requests_total", ("user", $"{i}"));
        }
        Assert.Equal("user", new Cardinality(store, new IngestOptions()).Read()[0].ExplodingLabel);
    }

    private static void Add(TelemetryStore store, SourceWriter writer, string name, params (string Name, string Value)[] labels) =>
        Assert.Equal(AddSeriesResult.Added, store.Catalog.TryAddSeries(
            writer, name, LabelSet.From(labels.Select(label => new Label(label.Name, label.Value))), SeriesKind.Counter, "", out _));
}
