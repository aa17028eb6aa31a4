using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>The batches of proto/golden: how each is made.</summary>
internal static class GoldenBatches
{
    private const ulong Start = 1_763_769_600_000_000_000;
    private const ulong Step = 20_000_000;

    public static IReadOnlyDictionary<string, Func<TelemetryBatch>> All { get; } = new Dictionary<string, Func<TelemetryBatch>>
    {
        ["batch-inline"] = Inline,
        ["batch-declare"] = Declare,
        ["batch-ticks"] = Ticks,
        ["batch-packed"] = Packed,
        ["batch-aggregates"] = Aggregates,
        ["batch-histograms"] = Histograms,
        ["batch-replay"] = Replay,
        ["batch-extremes"] = Extremes,
    };

    /// <summary>What any client may send from the .proto file alone: names, labels and samples inline, not numbered.</summary>
    private static TelemetryBatch Inline() => new()
    {
        Service = "checkout",
        Instance = "web-1",
        Metrics =
        {
            new Metric { Name = "rps", Unit = "1", Samples = { Gauge(0, 41.5), Gauge(1, 42) } },
            new Metric { Name = "requests_total", Labels = { ["route"] = "/api/cart", ["method"] = "GET" }, Samples = { Counter(0, 1200) } },
            new Metric { Name = "größe", Labels = { ["статус"] = "готово 😀" }, Samples = { Gauge(0, -0.5) } },
        },
    };

    /// <summary>An agent's first batch: not numbered, with its session, its report, and every ref declared, without samples.</summary>
    private static TelemetryBatch Declare() => new()
    {
        Service = "checkout",
        Instance = "web-1",
        SessionId = 0x1122_3344_5566_7788,
        SentAtNs = Start,
        PushIntervalMs = 20,
        Report = new AgentReport
        {
            StartedAtNs = Start, Recorded = 10, Sent = 9, Acknowledged = 8, Dropped = { ["buffer_full"] = 1 }, ClockOffsetNs = -1500, RoundTripNs = 250_000, Pending = 1,
            Sdk = "observability-dotnet/0.1.0",
        },
        Metrics =
        {
            new Metric { Name = "rps", SeriesRef = 1, Unit = "1" },
            new Metric { Name = "inflight", SeriesRef = 2 },
            new Metric { Name = "requests_total", SeriesRef = 3, Labels = { ["route"] = "/api/cart" } },
        },
    };

    /// <summary>A push interval of the agent above: one instant, gauges and counters apart.</summary>
    private static TelemetryBatch Ticks() => new()
    {
        SessionId = 0x1122_3344_5566_7788,
        Sequence = 1,
        SentAtNs = Start + Step,
        Ticks =
        {
            new Tick { TimestampNs = Start, FirstRef = 1, Gauges = { 41.5, 3 } },
            new Tick { TimestampNs = Start, FirstRef = 3, Counters = { 1200 } },
        },
    };

    private static TelemetryBatch Packed() => new()
    {
        Service = "checkout",
        Instance = "web-1",
        Metrics =
        {
            new Metric { Name = "rps", Packed = new PackedSamples { TimestampsNs = { Start, Start + Step, Start + (2 * Step) }, Gauges = { 1, 2.5, -3 } } },
            new Metric { Name = "requests_total", Packed = new PackedSamples { TimestampsNs = { Start, Start + Step }, Counters = { 7, ulong.MaxValue } } },
        },
    };

    private static TelemetryBatch Aggregates() => new()
    {
        Service = "checkout",
        Instance = "web-1",
        Metrics =
        {
            new Metric
            {
                Name = "rps",
                Aggregates = new PackedAggregates
                {
                    TimestampsNs = { Start + Step, Start + (2 * Step) }, Min = { 1, -4 }, Max = { 9, -4 }, Sum = { 12, -4 }, Last = { 2, -4 }, Count = { 3, 1 },
                },
            },
        },
    };

    private static TelemetryBatch Histograms() => new()
    {
        Service = "checkout",
        Instance = "web-1",
        Metrics =
        {
            new Metric
            {
                Name = "latency",
                Unit = "ms",
                Samples =
                {
                    new MetricSample
                    {
                        TimestampNs = Start,
                        Histogram = new Histogram
                        {
                            Count = 10, Sum = 63.25, Min = -1, Max = 32, Scale = 3, ZeroCount = 1, PositiveOffset = -2, PositiveCounts = { 1, 0, 3, 4 }, NegativeOffset = 5,
                            NegativeCounts = { 1 },
                        },
                    },
                },
            },
            new Metric
            {
                Name = "size_bytes",
                Packed = new PackedSamples
                {
                    TimestampsNs = { Start },
                    Histograms = { new Histogram { Count = 6, Sum = 700, Min = 10, Max = 500, ExplicitBounds = { 100, 250 }, ExplicitCounts = { 3, 2, 1 } } },
                },
            },
        },
    };

    private static TelemetryBatch Replay()
    {
        TelemetryBatch batch = Ticks();
        batch.Replay = true;
        return batch;
    }

    private static TelemetryBatch Extremes() => new()
    {
        Service = "checkout",
        Instance = "web-1",
        Metrics =
        {
            new Metric
            {
                Name = "values",
                Samples =
                {
                    Gauge(0, double.NaN), Gauge(1, double.PositiveInfinity), Gauge(2, double.NegativeInfinity), Gauge(3, -0.0), Gauge(4, double.Epsilon), Gauge(5, double.MaxValue),
                },
            },
            new Metric { Name = "total", Samples = { Counter(0, ulong.MaxValue), Counter(1, 0) } },
        },
    };

    private static MetricSample Gauge(ulong step, double value) => new() { TimestampNs = Start + (step * Step), Gauge = value };

    private static MetricSample Counter(ulong step, ulong value) => new() { TimestampNs = Start + (step * Step), Counter = value };
}
