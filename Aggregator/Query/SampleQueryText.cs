using System.ComponentModel;

namespace Observability.Aggregator.Query;

/// <summary>The parameters of /api/samples as they came.</summary>
internal sealed record SampleQueryText
{
    [Description("Which series: PromQL's series selector, for example rps{service=\"checkout\"}.")]
    public string? Selector { get; init; }

    [Description("Begin of the range, inclusive: ns since the Unix epoch, ISO 8601, or now-60s. Default: one minute before 'to'.")]
    public string? From { get; init; }

    [Description("End of the range: inclusive for raw samples, exclusive with a step. Default: now.")]
    public string? To { get; init; }

    [Description("Length of a step, for example 100ms or 1s. Without it the answer holds the raw samples.")]
    public string? Step { get; init; }

    [Description("What a step's samples become: avg, min, max, sum, count, first, last, increase, rate, quantile. Default: avg of gauges, rate of counters, quantile of histograms.")]
    public string? Aggregation { get; init; }

    [Description("0 to 1, for quantile. Default: 0.99.")]
    public double? Quantile { get; init; }

    [Description("true: histograms of all series are added up, exactly, before the aggregation.")]
    public bool? Merge { get; init; }

    [Description("true: the histogram of each step is in the answer too, as its buckets.")]
    public bool? Buckets { get; init; }
}
