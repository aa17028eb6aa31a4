using System.ComponentModel.DataAnnotations;

namespace Observability.Aggregator.Query;

/// <summary>Limits of one question to the HTTP API.</summary>
internal sealed class QueryOptions
{
    public const string Section = "Query";

    /// <summary>Series in one answer of /api/series.</summary>
    [Range(1, 1_000_000)] public int ListedSeriesMax { get; init; } = 20_000;

    /// <summary>Series whose samples one question may ask for.</summary>
    [Range(1, 100_000)] public int SampledSeriesMax { get; init; } = 1_000;

    /// <summary>Values in one answer of /api/samples.</summary>
    [Range(1, 100_000_000)] public int ValuesMax { get; init; } = 2_000_000;

    /// <summary>Steps in one range.</summary>
    [Range(1, 1_000_000)] public int StepsMax { get; init; } = 20_000;

    /// <summary>Questions about samples that are answered at a time; the others wait.</summary>
    [Range(1, 256)] public int QueriesAtOnceMax { get; init; } = 2;

    /// <summary>How long a question may wait for its turn before it is answered 503.</summary>
    [Range(0, 600_000)] public int QueueTimeoutMs { get; init; } = 5_000;
}
