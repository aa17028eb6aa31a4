using System.ComponentModel.DataAnnotations;

namespace Observability.Aggregator.Ingest;

public sealed class IngestOptions
{
    public const string Section = "Ingest";

    /// <summary>Samples applied of one batch; the rest of a larger one is rejected.</summary>
    [Range(1, 10_000_000)] public int SamplesPerBatchMax { get; init; } = 100_000;

    /// <summary>Series refs of one stream. Refs must be dense: the memory they take follows the number declared.</summary>
    [Range(1, 10_000_000)] public int RefsPerStreamMax { get; init; } = 100_000;

    /// <summary>Series of one metric name, over all sources. Past it, and past the store's limits, only totals are kept.</summary>
    [Range(1, 10_000_000)] public int SeriesPerNameMax { get; init; } = 20_000;

    /// <summary>Series with the label overflow="true", which keep the totals of series past a limit: one for each source and metric name.</summary>
    [Range(0, 1_000_000)] public int OverflowSeriesMax { get; init; } = 1000;

    /// <summary>Open streams of one API key; of all senders together, where no key is asked for.</summary>
    [Range(1, 1_000_000)] public int StreamsPerKeyMax { get; init; } = 10_000;

    /// <summary>Samples per second of one API key, or of all senders together. A second's worth may come at once; past it batches are rejected.</summary>
    [Range(1, 1_000_000_000)] public int SamplesPerSecondPerKeyMax { get; init; } = 20_000_000;

    /// <summary>Shards, rounded up to a power of two; 0 means two for each processor. A source belongs to one of them.</summary>
    [Range(0, 1024)] public int Shards { get; init; }

    /// <summary>Batches of one stream applied before its shard looks at the next stream.</summary>
    [Range(1, 100_000)] public int BatchesPerTurnMax { get; init; } = 64;

    /// <summary>A session that has sent nothing for so long may be replaced by another of the same service and instance.</summary>
    [Range(100, 3_600_000)] public int SessionSilentMs { get; init; } = 15_000;

    /// <summary>
    /// Acks are so far apart for a sender that pushes by the clock (numbered batches whose push_interval_ms is at most half of this): an Ack costs as
    /// much as a small message. Every other sender, and 0, has one for each wake-up.
    /// </summary>
    [Range(0, 5_000)] public int AckIntervalMs { get; init; } = 100;

    /// <summary>What a client that met a limit is asked to wait (grpc-retry-pushback-ms).</summary>
    [Range(0, 3_600_000)] public int RetryPushbackMs { get; init; } = 5_000;

    /// <summary>Connected agents whose ledgers /metrics tells one by one, those connected longest first.</summary>
    [Range(0, 10_000)] public int AgentsToldMax { get; init; } = 100;

    /// <summary>A larger AgentReport is ignored and counted.</summary>
    [Range(64, 1_048_576)] public int ReportBytesMax { get; init; } = 16_384;
}
