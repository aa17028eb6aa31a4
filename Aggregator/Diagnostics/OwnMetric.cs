namespace Observability.Aggregator.Diagnostics;

/// <summary>One family of the aggregator's own health, in base units: name, type, what it means, and its values now.</summary>
internal sealed record OwnMetric(string Name, OwnMetricType Type, string Help, IReadOnlyList<OwnMetric.Point> Points)
{
    public static OwnMetric Gauge(string name, string help, double value) => new(name, OwnMetricType.Gauge, help, [new Point(value)]);

    public static OwnMetric Counter(string name, string help, double value) => new(name, OwnMetricType.Counter, help, [new Point(value)]);

    public static OwnMetric Counter(string name, string help, string label, IEnumerable<(string Value, double Count)> byLabel) =>
        new(name, OwnMetricType.Counter, help, [.. byLabel.Select(one => new Point(one.Count, [(label, one.Value)]))]);

    public static OwnMetric Histogram(string name, string help, DurationHistogram histogram) => new(name, OwnMetricType.Histogram, help, Cumulate(histogram));

    private static List<Point> Cumulate(DurationHistogram histogram)
    {
        var points = new List<Point>();
        long[] counts = histogram.Counts();
        double total = 0;
        for (int index = 0; index < counts.Length; index++)
        {
            total += counts[index];
            double bound = index < DurationHistogram.UpperBoundsSeconds.Length ? DurationHistogram.UpperBoundsSeconds[index] : double.PositiveInfinity;
            points.Add(new Point(total, [("le", Exposition.Number(bound))], "_bucket"));
        }
        points.Add(new Point(histogram.SumSeconds, Suffix: "_sum"));
        points.Add(new Point(total, Suffix: "_count"));
        return points;
    }

    internal sealed record Point(double Value, IReadOnlyList<(string Name, string Value)>? Labels = null, string Suffix = "");
}
