namespace Observability.Aggregator.Ingest;

/// <summary>Why a sample was not applied although its batch was well-formed. Each is a counter and a label of the metrics.</summary>
internal enum RejectReason : byte
{
    None,
    UnknownRef,
    RefLimit,
    KindMismatch,
    SeriesLimit,
    ServiceSeriesLimit,
    NameSeriesLimit,
    RateLimit,
    NameLimit,
    LabelCountLimit,
    LabelNameLimit,
    LabelValueLimit,
    UnitLimit,
    BatchSamplesLimit,
    Timestamp,
    Histogram,
    HistogramBucketsLimit,
    RingMemory,
    Aggregate,
    Count,
}
