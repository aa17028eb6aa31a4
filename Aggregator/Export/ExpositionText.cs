using System.Text;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Export;

/// <summary>Writes Prometheus' text format 0.0.4.</summary>
internal sealed class ExpositionText(TextWriter output)
{
    public static string Labels(params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var text = new StringBuilder();
        foreach ((string name, string value) in labels)
        {
            MetricNames.AppendLabel(text, name, value);
        }
        return text.ToString();
    }

    public void Write(OwnMetric metric)
    {
        if (metric.Points.Count == 0)
        {
            return;
        }
        WriteHead(metric.Name, metric.Type, metric.Help);
        foreach (OwnMetric.Point point in metric.Points)
        {
            WriteSample(metric.Name + point.Suffix, Labels([.. point.Labels ?? []]), point.Value);
        }
    }

    public void WriteHead(string name, OwnMetricType type, string help)
    {
        output.Write($"# HELP {name} {MetricNames.EscapeHelp(help)}\n# TYPE {name} {type.ToString().ToLowerInvariant()}\n");
    }

    public void WriteSample(string name, string labels, double value) => WriteSample(name, labels, Exposition.Number(value));

    public void WriteSample(string name, string labels, string value)
    {
        output.Write(name);
        if (labels.Length > 0)
        {
            output.Write('{');
            output.Write(labels);
            output.Write('}');
        }
        output.Write(' ');
        output.Write(value);
        output.Write('\n');
    }

    public void WriteBuckets(string name, string labels, IEnumerable<(double UpperBound, double Count)> buckets)
    {
        string separator = labels.Length == 0 ? "" : ",";
        foreach ((double upperBound, double count) in buckets)
        {
            WriteSample(name, $"{labels}{separator}le=\"{Exposition.Number(upperBound)}\"", count);
        }
    }

    public void WriteSummary(string name, string service, double[] quantiles, double[] values, double sum, double count)
    {
        string labels = Labels(("service", service));
        for (int index = 0; index < quantiles.Length; index++)
        {
            WriteSample(name, $"{labels},quantile=\"{Exposition.Number(quantiles[index])}\"", values[index]);
        }
        WriteSample(name + "_sum", labels, sum);
        WriteSample(name + "_count", labels, count);
    }
}
