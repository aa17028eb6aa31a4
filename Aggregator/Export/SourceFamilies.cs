using Observability.Aggregator.Storage;
using Prometheus;

namespace Observability.Aggregator.Export;

/// <summary>What the store knows of each source: how much it sent, when last, how its clock goes. Used under the exporter's lock.</summary>
internal sealed class SourceFamilies(ExportOptions options)
{
    private static readonly Family[] Families =
    [
        new("telemetry_samples_total", FamilyType.Counter, "Samples applied, by the source that sent them.", source => source.Received),
        new("telemetry_source_last_received_timestamp_seconds", FamilyType.Gauge,
            "When the newest batch of a source arrived, in seconds since the Unix epoch.", source => source.NewestReceivedNs / 1e9),
        new("telemetry_source_clock_offset_seconds", FamilyType.Gauge,
            "How far the aggregator's clock is ahead of the source's, as the source estimates it.", source => source.ClockOffsetNs / 1e9),
    ];

    private readonly List<Entry> _entries = [];
    private uint _newestId;

    public static IEnumerable<(string Name, FamilyType Type)> Names => Families.Select(family => (family.Name, family.Type));

    public void Write(in ExpositionWriter writer, TelemetryStore store, long nowNs)
    {
        ReadOnlySpan<Source> sources = store.Sources.AsSpan();
        _entries.RemoveAll(entry => entry.Source.IsEvicted);
        foreach (Source source in sources)
        {
            if (source.Id > _newestId)
            {
                _newestId = source.Id;
                _entries.Add(new Entry(source));
            }
        }
        if (_entries.Count == 0)
        {
            return;
        }
        long sinceNs = nowNs - (options.SourceSilentMs * 1_000_000L);
        for (int index = 0; index < Families.Length; index++)
        {
            writer.Raw(Families[index].Heads[writer.IsOpenMetrics ? 1 : 0]);
            foreach (Entry entry in _entries)
            {
                if (entry.Source.NewestReceivedNs >= sinceNs)
                {
                    writer.Sample(entry.Heads[index], Families[index].Read(entry.Source));
                }
            }
        }
    }

    private sealed record Family(string Name, FamilyType Type, string Help, Func<Source, double> Read)
    {
        public byte[][] Heads { get; } =
            [ExpositionWriter.HeadOf(Name, Type, Help, ExpositionFormat.PrometheusText), ExpositionWriter.HeadOf(Name, Type, Help, ExpositionFormat.OpenMetricsText)];
    }

    private sealed class Entry(Source source)
    {
        public Source Source { get; } = source;

        public byte[][] Heads { get; } = [.. Families.Select(family =>
            ExpositionWriter.LineHead(family.Name, ExpositionWriter.Labels(("service", source.Service), ("instance", source.Instance))))];
    }
}
