using Observability.Aggregator.Storage;
using Prometheus;

namespace Observability.Aggregator.Export;

/// <summary>
/// How full the rings of each metric are, all its series together. A metric whose series are all idle has no ring, and is left out: a share of
/// nothing is no number. Used under the exporter's lock.
/// </summary>
internal sealed class BufferFamilies
{
    public const string Size = "telemetry_buffer_size";
    public const string Capacity = "telemetry_buffer_capacity";

    private static readonly byte[][] SizeHeads = Heads(Size, "Samples that the rings of a metric hold.");
    private static readonly byte[][] CapacityHeads = Heads(Capacity, "Samples that the rings of a metric can hold at their present size.");

    private readonly Dictionary<string, Entry> _byName = new(StringComparer.Ordinal);
    private readonly List<Entry> _all = [];

    // In the order of the store's series, so that a scrape looks up no name that the last one had.
    private readonly List<(Series Series, Entry Entry)> _bySeries = [];
    private long _leftCount;

    public static IEnumerable<(string Name, FamilyType Type)> Names => [(Size, FamilyType.Gauge), (Capacity, FamilyType.Gauge)];

    public void Write(in ExpositionWriter writer, TelemetryStore store)
    {
        foreach (Entry entry in _all)
        {
            (entry.Held, entry.Room, entry.SeriesCount) = (0, 0, 0);
        }
        int index = 0;
        foreach (Series series in store.AllSeries)
        {
            Entry entry = EntryAt(index++, series);
            entry.Held += ulong.Min((ulong)series.Head, (ulong)series.Capacity);
            entry.Room += (ulong)series.Capacity;
            entry.SeriesCount++;
        }
        _bySeries.RemoveRange(index, _bySeries.Count - index);
        if (store.Catalog.EvictedSeries is long left && left != _leftCount)
        {
            _leftCount = left;
            _all.RemoveAll(entry => entry.SeriesCount == 0 && _byName.Remove(entry.Metric));
        }
        if (_all.Count == 0)
        {
            return;
        }
        writer.Raw(SizeHeads[writer.IsOpenMetrics ? 1 : 0]);
        foreach (Entry entry in _all)
        {
            if (entry.Room > 0)
            {
                writer.Sample(entry.SizeHead, entry.Held);
            }
        }
        writer.Raw(CapacityHeads[writer.IsOpenMetrics ? 1 : 0]);
        foreach (Entry entry in _all)
        {
            if (entry.Room > 0)
            {
                writer.Sample(entry.CapacityHead, entry.Room);
            }
        }
    }

    private Entry EntryAt(int index, Series series)
    {
        if (index == _bySeries.Count)
        {
            _bySeries.Add((series, EntryOf(series.Name)));
        }
        else if (!ReferenceEquals(_bySeries[index].Series, series))
        {
            _bySeries[index] = (series, EntryOf(series.Name));
        }
        return _bySeries[index].Entry;
    }

    private Entry EntryOf(string name)
    {
        if (!_byName.TryGetValue(name, out Entry? entry))
        {
            entry = new Entry(name);
            _byName.Add(name, entry);
            _all.Add(entry);
        }
        return entry;
    }

    private static byte[][] Heads(string name, string help) =>
        [ExpositionWriter.HeadOf(name, FamilyType.Gauge, help, ExpositionFormat.PrometheusText), ExpositionWriter.HeadOf(name, FamilyType.Gauge, help, ExpositionFormat.OpenMetricsText)];

    private sealed class Entry(string metric)
    {
        public byte[] SizeHead { get; } = ExpositionWriter.LineHead(Size, ExpositionWriter.Labels(("metric", metric)));

        public byte[] CapacityHead { get; } = ExpositionWriter.LineHead(Capacity, ExpositionWriter.Labels(("metric", metric)));

        public string Metric { get; } = metric;

        public int SeriesCount { get; set; }

        public ulong Held { get; set; }

        public ulong Room { get; set; }
    }
}
