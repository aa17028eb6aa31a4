using System.Text;
using Prometheus;

namespace Observability.Aggregator.Export;

/// <summary>What TYPE says of a family.</summary>
internal enum FamilyType
{
    Counter,
    Gauge,
    Histogram,
    Summary,
    Untyped,
}

/// <summary>Writes the lines of one scrape in its format. Text that is the same at each scrape comes as bytes that were made once.</summary>
internal readonly struct ExpositionWriter(ExpositionBuffer buffer, ExpositionFormat format)
{
    public bool IsOpenMetrics => format == ExpositionFormat.OpenMetricsText;

    public int Length => buffer.Length;

    /// <summary>HELP, TYPE and, where the name ends in one, UNIT.</summary>
    public static byte[] HeadOf(string name, FamilyType type, string help, ExpositionFormat format, bool isCounterOfOpenMetrics = true)
    {
        var text = new StringBuilder();
        string family = name;
        string typeName = $"{type}".ToLowerInvariant();
        if (format == ExpositionFormat.OpenMetricsText)
        {
            bool isCounter = type == FamilyType.Counter && isCounterOfOpenMetrics && name != MetricNames.WithoutTotal(name);
            family = isCounter ? MetricNames.WithoutTotal(name) : name;
            // A counter's samples must end in _total there: one that does not keeps its name, and loses its type.
            typeName = type == FamilyType.Untyped || (type == FamilyType.Counter && !isCounter) ? "unknown" : typeName;
        }
        text.Append("# HELP ").Append(family).Append(' ').Append(MetricNames.EscapeHelp(help, format)).Append('\n');
        text.Append("# TYPE ").Append(family).Append(' ').Append(typeName).Append('\n');
        if (format == ExpositionFormat.OpenMetricsText && MetricNames.UnitOf(family) is { Length: > 0 } unit)
        {
            text.Append("# UNIT ").Append(family).Append(' ').Append(unit).Append('\n');
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>All of a sample before its value, the space included.</summary>
    public static byte[] LineHead(string name, string labels) => Encoding.UTF8.GetBytes(labels.Length == 0 ? name + " " : $"{name}{{{labels}}} ");

    public static string Labels(params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var text = new StringBuilder();
        foreach ((string name, string value) in labels)
        {
            MetricNames.AppendLabel(text, name, value);
        }
        return text.ToString();
    }

    public void Raw(ReadOnlySpan<byte> bytes) => buffer.Append(bytes);

    public void Sample(ReadOnlySpan<byte> head, double value)
    {
        buffer.Append(head);
        buffer.AppendNumber(value);
        buffer.Append((byte)'\n');
    }

    public void Sample(ReadOnlySpan<byte> head, ulong value)
    {
        buffer.Append(head);
        buffer.AppendNumber(value);
        buffer.Append((byte)'\n');
    }

    /// <summary>One bucket, of a head that ends in le=".</summary>
    public void Bucket(ReadOnlySpan<byte> head, ReadOnlySpan<byte> bound, double count)
    {
        buffer.Append(head);
        buffer.Append(bound);
        buffer.Append("\"} "u8);
        buffer.AppendNumber(count);
        buffer.Append((byte)'\n');
    }
}
