using Observability.Aggregator.Rings;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Streaming;

/// <summary>Writes one source's samples straight into the store, as its one writer.</summary>
internal sealed class TestSource
{
    public const long NsPerMs = 1_000_000;

    private readonly TelemetryStore _store;

    public TestSource(TelemetryStore store, string service = "checkout", string instance = "a-1")
    {
        _store = store;
        Writer = store.Catalog.OpenWriter(service, instance);
    }

    public SourceWriter Writer { get; }

    public Series Add(string name, SeriesKind kind = SeriesKind.Gauge, params (string Name, string Value)[] labels)
    {
        Assert.Equal(AddSeriesResult.Added, _store.Catalog.TryAddSeries(Writer, name, LabelSet.From(labels), kind, "ms", out Series? series));
        return series!;
    }

    public Series[] AddMany(int count, string prefix = "gauge_") => [.. Enumerable.Range(0, count).Select(index => Add($"{prefix}{index}"))];

    /// <summary>One value of each series of consecutive slots, and the signal of a batch.</summary>
    public void AppendRow(long timestampNs, Series first, params ReadOnlySpan<double> values)
    {
        Stamp(timestampNs);
        Writer.AppendRow(timestampNs, first.Slot, values);
        _store.Arrivals.Signal();
    }

    public void Append(Series series, long timestampNs, double value)
    {
        Stamp(timestampNs);
        Writer.Append(series, timestampNs, value);
        _store.Arrivals.Signal();
    }

    public void Append(Series series, long timestampNs, ulong total)
    {
        Stamp(timestampNs);
        Writer.Append(series, timestampNs, total);
        _store.Arrivals.Signal();
    }

    public void AppendAggregate(Series series, long timestampNs, double last, in AggregateSlot aggregate)
    {
        Stamp(timestampNs);
        Writer.AppendAggregate(series, timestampNs, last, aggregate);
        _store.Arrivals.Signal();
    }

    public void Append(Series series, long timestampNs, in HistogramSample sample)
    {
        Stamp(timestampNs);
        Assert.True(Writer.TryAppend(series, timestampNs, sample));
        _store.Arrivals.Signal();
    }

    private void Stamp(long timestampNs)
    {
        Writer.ReceivedNs = timestampNs;
        Writer.Source.NewestSampleNs = long.Max(Writer.Source.NewestSampleNs, timestampNs);
        Writer.Source.NewestReceivedNs = timestampNs;
    }
}
