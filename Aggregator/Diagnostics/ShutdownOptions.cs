using System.ComponentModel.DataAnnotations;

namespace Observability.Aggregator.Diagnostics;

public sealed class ShutdownOptions
{
    public const string Section = "Shutdown";

    /// <summary>How long each feature (ingestion, then streaming) may take to finish what is in flight.</summary>
    [Range(0, 60_000)] public int DrainTimeoutMs { get; init; } = 1_000;

    /// <summary>How long the whole stop may take, drains included, before connections are cut.</summary>
    [Range(100, 300_000)] public int StopTimeoutMs { get; init; } = 4_000;
}
