using Prometheus;

namespace Observability.Aggregator.Diagnostics;

/// <summary>A feature that counts. It adds its families once, before the first scrape.</summary>
internal interface IPlatformFamilies
{
    void AddTo(PlatformMetrics metrics);
}

/// <summary>
/// The platform's own families, all in one registry of prometheus-net. Features count in plain fields; a scrape reads them, so the hot path pays
/// for nothing. Scrapes run one at a time.
/// </summary>
internal sealed class PlatformMetrics
{
    // A bound with a fraction is the same text in both formats of the exposition, and so the same series.
    private static readonly double[] DurationBoundsSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.0167, 0.025, 0.05, 0.1, 0.25, 0.5];

    // Made by the first frame or scrape: compiling prometheus-net is no part of the start.
    private readonly Lazy<CollectorRegistry> _registry = new(() => Metrics.NewCustomRegistry());

    public CollectorRegistry Registry => _registry.Value;

    private MetricFactory Factory => Metrics.WithCustomRegistry(Registry);

    /// <summary>A total that only grows.</summary>
    public void Counter(string name, string help, Func<double> read)
    {
        Counter counter = Factory.CreateCounter(name, help);
        Registry.AddBeforeCollectCallback(() => counter.IncTo(read()));
    }

    /// <summary>Totals by one label. Name every value from the start: to Prometheus a counter that begins above 0 did not increase.</summary>
    public void Counter(string name, string help, string label, Func<IEnumerable<(string Value, double Count)>> read)
    {
        Counter counter = Factory.CreateCounter(name, help, label);
        Registry.AddBeforeCollectCallback(() =>
        {
            foreach ((string value, double count) in read())
            {
                counter.WithLabels(value).IncTo(count);
            }
        });
    }

    public void Gauge(string name, string help, Func<double> read)
    {
        Gauge gauge = Factory.CreateGauge(name, help);
        Registry.AddBeforeCollectCallback(() => gauge.Set(read()));
    }

    /// <summary>Values by labels. A set of labels that is read no longer is exposed no longer.</summary>
    public void Gauge(string name, string help, string[] labels, Func<IEnumerable<(string[] LabelValues, double Value)>> read)
    {
        Gauge gauge = Factory.CreateGauge(name, help, labels);
        Registry.AddBeforeCollectCallback(() =>
        {
            var present = new HashSet<string>(StringComparer.Ordinal);
            foreach ((string[] labelValues, double value) in read())
            {
                gauge.WithLabels(labelValues).Set(value);
                present.Add(string.Join('\0', labelValues));
            }
            foreach (string[] labelValues in gauge.GetAllLabelValues().Where(one => !present.Contains(string.Join('\0', one))).ToArray())
            {
                gauge.RemoveLabelled(labelValues);
            }
        });
    }

    /// <summary>For what happens a few times a frame at most: Observe costs 50 ns and allocates nothing. The same family again for the same name.</summary>
    public Histogram DurationHistogram(string name, string help) => Factory.CreateHistogram(
        name, help, new HistogramConfiguration { Buckets = DurationBoundsSeconds, ExemplarBehavior = ExemplarBehavior.NoExemplars() });
}
