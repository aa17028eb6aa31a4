using System.ComponentModel;

namespace Observability.Aggregator.Query;

/// <summary>Answer of /api/series.</summary>
internal sealed record SeriesReport(
    [property: Description("Series that match, listed or not.")] int Total, IReadOnlyList<SeriesReport.Entry> Series)
{
    internal sealed record Entry(
        uint Id, uint Source, string Service, string Instance, string Name, IReadOnlyDictionary<string, string> Labels, string Kind, string Unit,
        [property: Description("Samples ever stored.")] long Samples,
        string? NewestNs,
        [property: Description("Nothing came for max(5 s, 10 push intervals).")] bool Stale);
}

/// <summary>Answer of /api/services.</summary>
internal sealed record ServicesReport(IReadOnlyList<ServicesReport.Service> Services)
{
    internal sealed record Service(
        string Name, int Series, [property: Description("Instances that have sent something lately.")] int Live, IReadOnlyList<Instance> Instances);

    internal sealed record Instance(string Name, uint Source, int Series, string? NewestReceivedNs, int PushIntervalMs, bool Stale);
}

/// <summary>Answer of /api/samples. It is sent while it is made; this type describes it.</summary>
internal sealed record SamplesReport(
    string SessionId, string FromNs, string ToNs, string? StepNs, IReadOnlyList<SamplesReport.Column> Series,
    [property: Description("The answer holds as many values as Query:ValuesMax allows, and there were more.")] bool Truncated)
{
    internal sealed record Column(
        uint? Id, string? Service, string? Instance, string Name, IReadOnlyDictionary<string, string>? Labels, string Kind, string Unit,
        [property: Description("Series that were added up into this one.")] int? Merged,
        [property: Description("Samples of the range that are gone from memory; an upper bound.")] long Overwritten,
        [property: Description("Of the samples, or of the steps' beginnings; a step without samples is left out. Of histograms that are kept only as sums of a second or minute: its beginning.")] IReadOnlyList<string> TimestampsNs,
        [property: Description("Numbers, or text: NaN, +Inf, -Inf, and counters above 2^53. Histograms without a step have the columns below instead.")] IReadOnlyList<object>? Values,
        IReadOnlyList<double>? Count, IReadOnlyList<double>? Sum, IReadOnlyList<double>? Min, IReadOnlyList<double>? Max,
        IReadOnlyList<double>? P50, IReadOnlyList<double>? P95, IReadOnlyList<double>? P99,
        [property: Description("With buckets=true, of each step.")] IReadOnlyList<Buckets>? Buckets,
        [property: Description("Measurements whose buckets could not be added to the others of their step, because their bounds differ.")] ulong? BoundsDiffer,
        [property: Description("What bounds_differ means for the answer.")] string? Note);

    internal sealed record Buckets(
        [property: Description("Of exponential buckets: the base is 2^(2^-scale), and bucket i ends at base^(offset+i+1).")] int? Scale,
        ulong? ZeroCount, long? PositiveOffset, IReadOnlyList<ulong>? PositiveCounts, long? NegativeOffset, IReadOnlyList<ulong>? NegativeCounts,
        [property: Description("Of explicit buckets, which have one count more than bounds.")] IReadOnlyList<double>? Bounds, IReadOnlyList<ulong>? Counts,
        [property: Description("The smallest and the largest measurement; left out where a sender did not say.")] double? Min, double? Max);
}
