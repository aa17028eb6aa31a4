using System.ComponentModel;

namespace Observability.Aggregator.Query;

/// <summary>The parameters of /api/samples as they came.</summary>
internal sealed record SampleQueryText(
    [property: Description("Which series: PromQL's series selector, for example rps{service=\"checkout\"}.")] string? Selector,
    [property: Description("Begin of the range, inclusive: ns since the Unix epoch, ISO 8601, or now-60s. Default: one minute before 'to'.")] string? From,
    [property: Description("End of the range: inclusive for raw samples, exclusive with a step. Default: now.")] string? To,
    [property: Description("Length of a step, for example 100ms or 1s. Without it the answer holds the raw samples.")] string? Step,
    [property: Description("What a step's samples become: avg, min, max, sum, count, first, last, increase, rate, quantile. Default: avg of gauges, rate of counters, quantile of histograms.")] string? Aggregation,
    [property: Description("0 to 1, for quantile. Default: 0.99.")] double? Quantile,
    [property: Description("true: histograms of all series are added up, exactly, before the aggregation.")] bool? Merge,
    [property: Description("true: the histogram of each step is told too, as its buckets.")] bool? Buckets);
