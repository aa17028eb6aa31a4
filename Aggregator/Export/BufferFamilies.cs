using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>How full the rings of each metric are, all its series together. Used under the exporter's lock.</summary>
internal sealed class BufferFamilies
{
    public const string Size = "telemetry_buffer_size";
    public const string Capacity = "telemetry_buffer_capacity";

    private static readonly byte[][] SizeHeads = Heads(Size, "Samples that the rings of a metric hold.");
    private static readonly byte[][] CapacityHeads = Heads(Capacity, "Samples that the rings of a metric can hold at their present size.");

    private readonly Dictionary<string, Entry> _byName = new(StringComparer.Ordinal);
    private readonly List<Entry> _all = [];
    private long _leftCount;

    public static IEnumerable<(string Name, OwnMetricType Type)> Names => [(Size, OwnMetricType.Gauge), (Capacity, OwnMetricType.Gauge)];

    public void Write(in ExpositionWriter writer, TelemetryStore store)
    {
        foreach (Entry entry in _all)
        {
            (entry.Held, entry.Room, entry.SeriesCount) = (0, 0, 0);
        }
        foreach (Series series in store.AllSeries)
        {
            Entry entry = EntryOf(series.Name);
            entry.Held += ulong.Min((ulong)series.Head, (ulong)series.Capacity);
            entry.Room += (ulong)series.Capacity;
            entry.SeriesCount++;
        }
        if (store.LeftSeries is long left && left != _leftCount)
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
            writer.Sample(entry.SizeHead, entry.Held);
        }
        writer.Raw(CapacityHeads[writer.IsOpenMetrics ? 1 : 0]);
        foreach (Entry entry in _all)
        {
            writer.Sample(entry.CapacityHead, entry.Room);
        }
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
        [ExpositionWriter.HeadOf(name, OwnMetricType.Gauge, help, ExpositionFormat.Text), ExpositionWriter.HeadOf(name, OwnMetricType.Gauge, help, ExpositionFormat.OpenMetrics)];

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
