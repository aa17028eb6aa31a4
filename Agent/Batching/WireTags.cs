namespace Observability.Agent.Batching;

/// <summary>Tags of proto/telemetry.proto: (field number &lt;&lt; 3) | wire type, with 0 = varint, 1 = 64 bits, 2 = length-delimited.</summary>
internal static class WireTags
{
    public const byte BatchService = (1 << 3) | 2;
    public const byte BatchInstance = (2 << 3) | 2;
    public const byte BatchMetrics = (3 << 3) | 2;
    public const byte BatchSequence = 4 << 3;
    public const byte BatchSessionId = (5 << 3) | 1;
    public const byte BatchSentAt = (6 << 3) | 1;
    public const byte BatchTicks = (7 << 3) | 2;
    public const byte BatchPushInterval = 8 << 3;
    public const byte BatchReport = (9 << 3) | 2;
    public const byte BatchReplay = 10 << 3;

    public const byte TickTimestamp = (1 << 3) | 1;
    public const byte TickFirstRef = 2 << 3;
    public const byte TickGauges = (3 << 3) | 2;
    public const byte TickCounters = (4 << 3) | 2;

    public const byte MetricName = (1 << 3) | 2;
    public const byte MetricLabels = (2 << 3) | 2;
    public const byte MetricSeriesRef = 4 << 3;
    public const byte MetricPacked = (5 << 3) | 2;
    public const byte MetricUnit = (6 << 3) | 2;
    public const byte MetricAggregates = (7 << 3) | 2;

    public const byte MapKey = (1 << 3) | 2;
    public const byte MapText = (2 << 3) | 2;
    public const byte MapNumber = 2 << 3;

    public const byte PackedTimestamps = (1 << 3) | 2;
    public const byte PackedGauges = (2 << 3) | 2;
    public const byte PackedHistograms = (4 << 3) | 2;

    public const byte AggregateTimestamps = (1 << 3) | 2;
    public const byte AggregateMin = (2 << 3) | 2;
    public const byte AggregateMax = (3 << 3) | 2;
    public const byte AggregateSum = (4 << 3) | 2;
    public const byte AggregateLast = (5 << 3) | 2;
    public const byte AggregateCount = (6 << 3) | 2;

    public const byte HistogramCount = 1 << 3;
    public const byte HistogramSum = (2 << 3) | 1;
    public const byte HistogramMin = (3 << 3) | 1;
    public const byte HistogramMax = (4 << 3) | 1;
    public const byte HistogramScale = 5 << 3;
    public const byte HistogramZeroCount = 6 << 3;
    public const byte HistogramPositiveOffset = 7 << 3;
    public const byte HistogramPositiveCounts = (8 << 3) | 2;
    public const byte HistogramNegativeOffset = 9 << 3;
    public const byte HistogramNegativeCounts = (10 << 3) | 2;

    public const byte ReportStartedAt = (1 << 3) | 1;
    public const byte ReportRecorded = 2 << 3;
    public const byte ReportSent = 3 << 3;
    public const byte ReportAcknowledged = 4 << 3;
    public const byte ReportDropped = (5 << 3) | 2;
    public const byte ReportClockOffset = 6 << 3;
    public const byte ReportRoundTrip = 7 << 3;
    public const byte ReportPending = 8 << 3;
    public const byte ReportSdk = (9 << 3) | 2;
}
