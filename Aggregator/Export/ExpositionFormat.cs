namespace Observability.Aggregator.Export;

/// <summary>The two texts that a scrape may ask for.</summary>
internal enum ExpositionFormat
{
    /// <summary>Prometheus' text format 0.0.4.</summary>
    Text,

    /// <summary>OpenMetrics 1.0: what Prometheus itself asks for.</summary>
    OpenMetrics,
}
