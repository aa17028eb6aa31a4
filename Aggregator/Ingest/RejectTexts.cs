using System.Globalization;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>For each reason, the text of the Ack and the label of the counter. Built once: rejecting allocates nothing.</summary>
internal sealed class RejectTexts
{
    private readonly string[] _messages;

    public RejectTexts(StorageOptions storage, IngestOptions ingest)
    {
        _messages = new string[(int)RejectReason.Count];
        foreach (RejectReason reason in Enum.GetValues<RejectReason>().Where(reason => reason != RejectReason.Count))
        {
            _messages[(int)reason] = Text(reason, storage, ingest);
        }
    }

    public string this[RejectReason reason] => _messages[(int)reason];

    /// <summary>The reason as a label's value: snake_case.</summary>
    public static string Name(RejectReason reason) => reason switch
    {
        RejectReason.UnknownRef => "unknown_ref",
        RejectReason.RefLimit => "ref_limit",
        RejectReason.KindMismatch => "kind_mismatch",
        RejectReason.SeriesLimit => "series_limit",
        RejectReason.ServiceSeriesLimit => "service_series_limit",
        RejectReason.NameSeriesLimit => "name_series_limit",
        RejectReason.RateLimit => "rate_limit",
        RejectReason.NameLimit => "name_limit",
        RejectReason.LabelCountLimit => "label_count_limit",
        RejectReason.LabelNameLimit => "label_name_limit",
        RejectReason.LabelValueLimit => "label_value_limit",
        RejectReason.UnitLimit => "unit_limit",
        RejectReason.BatchSamplesLimit => "batch_samples_limit",
        RejectReason.Timestamp => "timestamp",
        RejectReason.Histogram => "histogram",
        RejectReason.HistogramBucketsLimit => "histogram_buckets_limit",
        RejectReason.RingMemory => "ring_memory",
        RejectReason.Aggregate => "aggregate",
        _ => "none",
    };

    private static string Text(RejectReason reason, StorageOptions storage, IngestOptions ingest) => reason switch
    {
        RejectReason.UnknownRef => "Cannot apply sample: its series_ref was never declared on this stream. Send name and labels with the ref first.",
        RejectReason.RefLimit => Limit($"refs must be dense and at most {ingest.RefsPerStreamMax} (Ingest:RefsPerStreamMax)"),
        RejectReason.KindMismatch => "Cannot apply sample: the series exists with another kind of value.",
        RejectReason.SeriesLimit => Limit($"{storage.SeriesMax} series are the limit (Storage:SeriesMax)"),
        RejectReason.ServiceSeriesLimit => Limit($"{storage.SeriesPerServiceMax} series of one service are the limit (Storage:SeriesPerServiceMax)"),
        RejectReason.NameSeriesLimit => Limit($"{ingest.SeriesPerNameMax} series of one metric name are the limit (Ingest:SeriesPerNameMax)"),
        RejectReason.RateLimit => Limit($"{ingest.SamplesPerSecondPerKeyMax} samples per second of one key are the limit (Ingest:SamplesPerSecondPerKeyMax)"),
        RejectReason.NameLimit => Limit($"a name has 1 to {storage.NameBytesMax} bytes (Storage:NameBytesMax)"),
        RejectReason.LabelCountLimit => Limit($"{storage.LabelsMax} labels are the limit (Storage:LabelsMax)"),
        RejectReason.LabelNameLimit => Limit($"a label's name has 1 to {storage.LabelNameBytesMax} bytes (Storage:LabelNameBytesMax)"),
        RejectReason.LabelValueLimit => Limit($"a label's value has at most {storage.LabelValueBytesMax} bytes (Storage:LabelValueBytesMax)"),
        RejectReason.UnitLimit => Limit($"a unit has at most {storage.UnitBytesMax} bytes (Storage:UnitBytesMax)"),
        RejectReason.BatchSamplesLimit => Limit($"a batch has at most {ingest.SamplesPerBatchMax} samples (Ingest:SamplesPerBatchMax)"),
        RejectReason.Timestamp => "Cannot apply sample: its timestamp_ns is 0 or above 2^63 - 1; nanoseconds since the Unix epoch are expected.",
        RejectReason.Histogram => "Cannot apply histogram: scale must be -10 to 20, sum finite, bounds must rise, bucket counts must add up to count.",
        RejectReason.HistogramBucketsLimit => Limit($"a histogram has at most {storage.HistogramBucketsMax} buckets (Storage:HistogramBucketsMax)"),
        RejectReason.Aggregate => "Cannot apply aggregate: its count is 0.",
        RejectReason.RingMemory => Limit("the memory for histograms is used up (Storage:MemoryBudgetBytes, Storage:HistogramRingBytesMax)"),
        _ => "",
    };

    private static string Limit(FormattableString what) => $"Cannot apply sample: {what.ToString(CultureInfo.InvariantCulture)}.";

    private static string Limit(string what) => $"Cannot apply sample: {what}.";
}
