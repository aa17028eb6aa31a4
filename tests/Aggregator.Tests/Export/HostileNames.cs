using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Streaming;

namespace Observability.Aggregator.Tests.Export;

/// <summary>Names that a text format is easily broken by, each in a series of every kind, with its own value.</summary>
internal static class HostileNames
{
    /// <summary>What storage takes at most of a name is less; a foreign store of ours could be set higher.</summary>
    private const int LongName = 10_240;

    public static readonly string[] Names =
    [
        "plain", "with space", "with.dot", "with_dot", "with-dot", "quoted\"name", "back\\slash", "new\nline", "carriage\rreturn", "nul\0l", "tab\tbed",
        "ünïcødé", "图表", "😀", "9leading", "_9leading", "le", "quantile", "__name__", "a:b", "{}", "#comment", "# EOF", "up", "x_total", "x", "x_created",
        "telemetry_latency_seconds", "telemetry_samples", "process_cpu_seconds", "h_bucket", "h_sum", "h_count", "h", new('n', LongName), new string('n', LongName) + ".",
    ];

    public static readonly string[] Values = ["", "plain", "a b", "\"", "\\", "\\n", "\n", "\\\"", "ü图😀", "{a=\"b\"}", "\0", "\r\n", new('v', LongName)];

    /// <summary>Returns how many series were written.</summary>
    public static int Fill(TelemetryStore store, long nowNs)
    {
        int count = 0;
        string[] services = ["check out", "check.out", "check_out", "check\"out", "check\nout", ""];
        foreach (string service in services)
        {
            var source = new TestSource(store, service, "a\\1");
            source.Writer.Source.NoteSession((ulong)nowNs, nowNs);
            foreach (string name in Names)
            {
                Add(source, name, (SeriesKind)(1 + (count % 3)), ++count, nowNs);
            }
        }
        // One source, one name: label names that are equal once sanitised, reserved ones, and every value.
        var one = new TestSource(store, "labels", "a-1");
        foreach (string label in Names.Where(name => name != "__name__"))
        {
            Add(one, "labelled", SeriesKind.Gauge, ++count, nowNs, (label, "same"));
        }
        foreach (string value in Values)
        {
            Add(one, "valued", SeriesKind.Counter, ++count, nowNs, ("value", value));
        }
        Add(one, "labelled", SeriesKind.Gauge, ++count, nowNs, ("le", "mine"), ("label_le", "mine"), ("sanitized_from", "mine"));
        return count;
    }

    public static StorageOptions Room() => new() { NameBytesMax = 65_536, LabelNameBytesMax = 65_536, LabelValueBytesMax = 65_536 };

    private static void Add(TestSource source, string name, SeriesKind kind, int value, long nowNs, params (string Name, string Value)[] labels)
    {
        Series series = source.Add(name, kind, labels);
        switch (kind)
        {
            case SeriesKind.Gauge:
                source.Append(series, nowNs, value + 0.5);
                break;
            case SeriesKind.Counter:
                source.Append(series, nowNs, (ulong)value);
                break;
            default:
                source.Append(series, nowNs, new HistogramSample
                {
                    Count = (ulong)value, Sum = value, Min = 1, Max = 1, Scale = 0, PositiveOffset = -1, PositiveCounts = [(ulong)value],
                });
                break;
        }
    }
}
