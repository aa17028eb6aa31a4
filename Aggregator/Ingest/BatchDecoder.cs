using System.Text.Unicode;
using Google.Protobuf;
using Observability.Aggregator.Rings;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] Reads a TelemetryBatch straight from the bytes of its message. The structural pass (<see cref="TryScan"/>) checks all of it
/// and notes in <see cref="Batch"/> where its values lie. Only then <see cref="BatchWriter"/> applies them, so that a malformed batch applies
/// nothing. In steady state neither allocates. One per shard; one thread at a time.
/// </summary>
internal sealed class BatchDecoder
{
    public const uint ServiceTag = (1 << 3) | WireReader.Bytes;
    public const uint InstanceTag = (2 << 3) | WireReader.Bytes;

    private const uint SequenceTag = (4 << 3) | WireReader.Varint;

    private static readonly string[] BatchFields =
    [
        "service", "instance", "metrics", "sequence", "session_id", "sent_at_ns", "ticks", "push_interval_ms", "report", "replay",
    ];

    private static readonly string[] MetricFields = ["name", "labels", "samples", "series_ref", "packed", "unit", "aggregates"];

    private readonly int _reportBytesMax;
    private readonly IdentitySpans _spans = new();
    private readonly SampleDecoder _samples;
    private readonly ColumnDecoder _columns;
    private IdentityCache _identities = null!;
    private WireIdentity? _previous;
    private int _metricCount;
    private int _tickCount;

    public BatchDecoder(IngestOptions options, int histogramBucketsMax)
    {
        _reportBytesMax = options.ReportBytesMax;
        Batch = new ScannedBatch(options.SamplesPerBatchMax);
        HistogramDecoder histogram = new(Fault, histogramBucketsMax);
        _samples = new SampleDecoder(Batch, histogram, Fault);
        _columns = new ColumnDecoder(Batch, histogram, Fault);
    }

    /// <summary>Why the last scan failed.</summary>
    public WireFault Fault { get; } = new();

    /// <summary>What the last scan found. Offsets count from the start of the message that was scanned.</summary>
    public ScannedBatch Batch { get; }

    /// <summary>
    /// The structural pass. False when the batch is malformed; <see cref="Fault"/> says why. Changes nothing but this decoder and the guesses in
    /// <paramref name="identities"/>.
    /// </summary>
    public bool TryScan(ReadOnlySpan<byte> message, IdentityCache identities)
    {
        _identities = identities;
        _previous = null;
        _metricCount = 0;
        _tickCount = 0;
        Batch.Clear();
        WireReader reader = new(message, 0, message.Length);
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return Fault.At("", reader.Fault);
            }
            if (!TryScanField(ref reader, tag))
            {
                return false;
            }
        }
        return IsIdentityText(message);
    }

    /// <summary>The sequence of a batch whose scan failed before it came to it; 0 if it is not known.</summary>
    public ulong FindSequence(ReadOnlySpan<byte> message)
    {
        ulong sequence = Batch.Header.Sequence;
        WireReader reader = new(message, 0, message.Length);
        while (sequence == 0 && reader.TryReadTag(out uint tag))
        {
            if (tag == SequenceTag ? !reader.TryReadVarint(out sequence) : !reader.TrySkip(tag))
            {
                break;
            }
        }
        return sequence;
    }

    private bool TryScanField(ref WireReader reader, uint tag)
    {
        ref BatchHeader header = ref Batch.Header;
        switch (tag)
        {
            case (3 << 3) | WireReader.Bytes:
                return TryTakeBody(ref reader, "metrics", _metricCount, out WireReader metric)
                    && (TryScanMetric(metric, _metricCount++) || Fault.Within("metrics", _metricCount - 1));
            case (7 << 3) | WireReader.Bytes:
                return TryTakeBody(ref reader, "ticks", _tickCount++, out WireReader tick)
                    && (_columns.TryScanTick(tick) || Fault.Within("ticks", _tickCount - 1));
            case ServiceTag:
                return reader.TryReadText(ref header.ServiceAt, ref header.ServiceLength) || Fault.At("service", reader.Fault);
            case InstanceTag:
                return reader.TryReadText(ref header.InstanceAt, ref header.InstanceLength) || Fault.At("instance", reader.Fault);
            case SequenceTag:
                return reader.TryReadVarint(out header.Sequence) || Fault.At("sequence", reader.Fault);
            case (5 << 3) | WireReader.Fixed64:
                return reader.TryReadFixed64(out header.SessionId) || Fault.At("session_id", reader.Fault);
            case (6 << 3) | WireReader.Fixed64:
                return reader.TryReadFixed64(out header.SentAtNs) || Fault.At("sent_at_ns", reader.Fault);
            case (8 << 3) | WireReader.Varint:
                bool readInterval = reader.TryReadVarint(out ulong interval);
                header.PushIntervalMs = (uint)interval;
                return readInterval || Fault.At("push_interval_ms", reader.Fault);
            case (9 << 3) | WireReader.Bytes:
                return TryScanReport(ref reader, ref header);
            case (10 << 3) | WireReader.Varint:
                bool readReplay = reader.TryReadVarint(out ulong replay);
                header.Replay = replay != 0;
                return readReplay || Fault.At("replay", reader.Fault);
            default:
                return Fault.Unknown(ref reader, tag, BatchFields);
        }
    }

    private bool TryTakeBody(ref WireReader reader, string field, int index, out WireReader body)
    {
        if (!reader.TryReadLength(out int length))
        {
            body = default;
            return Fault.At($"{field}[{index}]", reader.Fault);
        }
        body = reader.Take(length);
        return true;
    }

    private bool IsIdentityText(ReadOnlySpan<byte> message)
    {
        ref readonly BatchHeader header = ref Batch.Header;
        if (!Utf8.IsValid(message.Slice(header.ServiceAt, header.ServiceLength)))
        {
            return Fault.At("service", WireReader.NotUtf8);
        }
        return Utf8.IsValid(message.Slice(header.InstanceAt, header.InstanceLength)) || Fault.At("instance", WireReader.NotUtf8);
    }

    /// <summary>At most once a second, so the generated class may read it. One past the limit is skipped.</summary>
    private bool TryScanReport(ref WireReader reader, ref BatchHeader header)
    {
        if (!reader.TryReadLength(out int length))
        {
            return Fault.At("report", reader.Fault);
        }
        WireReader body = reader.Take(length);
        if (length > _reportBytesMax)
        {
            header.ReportTooLarge = true;
            return true;
        }
        try
        {
            AgentReport report = header.Report ?? new AgentReport();
            report.MergeFrom(body.Rest);
            header.Report = report;
            return true;
        }
        catch (InvalidProtocolBufferException exception)
        {
            return Fault.At("report", $"cannot be read: {exception.Message}");
        }
    }

    /// <summary>What is known of the metric being read.</summary>
    private struct MetricScan
    {
        public int SampleCount;
        public int LabelCount;
        public uint Ref;
        public int UnitAt;
        public int UnitLength;
        public FieldPieces Packed;
        public FieldPieces Aggregates;
    }

    private bool TryScanMetric(WireReader body, int index)
    {
        // Agents send the same metrics in the same order: most of the time the identity that followed last time follows again, and one
        // comparison of bytes replaces reading name and labels.
        WireIdentity? expected = _previous is null ? _identities.First : _previous.Next;
        if (expected is null || !body.StartsWith(expected.Raw) || body.Peek(expected.Raw.Length) is (byte)IdentitySpans.NameTag or (byte)IdentitySpans.LabelsTag)
        {
            return TryScanMetric(body, index, null, out _);
        }
        if (expected.Next is { } following)
        {
            Ahead.Fetch(following.Raw);
            Ahead.Fetch(following.Next);
        }
        ScannedBatch.Mark before = Batch.Save();
        bool scanned = TryScanMetric(body, index, expected, out bool isMistaken);
        if (!isMistaken)
        {
            return scanned;
        }
        // The name or a label came again further on: read it all without the guess.
        Batch.Restore(before);
        return TryScanMetric(body, index, null, out _);
    }

    private bool TryScanMetric(WireReader body, int index, WireIdentity? expected, out bool isMistaken)
    {
        MetricScan scan = default;
        WireReader reader = body;
        isMistaken = false;
        Batch.BeginMetric();
        if (expected is null)
        {
            _spans.Clear();
        }
        else
        {
            reader.At += expected.Raw.Length;
        }
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return Fault.At("", reader.Fault);
            }
            if (tag == SampleDecoder.SamplesTag)
            {
                if (!_samples.TryScan(ref reader, ref scan.SampleCount))
                {
                    return false;
                }
                continue;
            }
            if (expected is not null && tag is IdentitySpans.NameTag or IdentitySpans.LabelsTag)
            {
                isMistaken = true;
                return false;
            }
            if (!TryScanMetricField(ref reader, tag, ref scan))
            {
                return false;
            }
        }
        return TryFinishMetric(body, index, expected, ref scan);
    }

    private bool TryScanMetricField(ref WireReader reader, uint tag, ref MetricScan scan)
    {
        switch (tag)
        {
            case IdentitySpans.NameTag:
                return _spans.TryReadName(ref reader, Fault);
            case IdentitySpans.LabelsTag:
                scan.LabelCount++;
                return _spans.TryReadLabel(ref reader, Fault);
            case (4 << 3) | WireReader.Varint:
                bool readRef = reader.TryReadVarint(out ulong seriesRef);
                scan.Ref = (uint)seriesRef;
                return readRef || Fault.At("series_ref", reader.Fault);
            case ColumnDecoder.PackedTag:
                return scan.Packed.TryAdd(ref reader, out _) || Fault.At("packed", reader.Fault);
            case (6 << 3) | WireReader.Bytes:
                return (reader.TryReadText(ref scan.UnitAt, ref scan.UnitLength) || Fault.At("unit", reader.Fault))
                    && (Utf8.IsValid(reader.Message.Slice(scan.UnitAt, scan.UnitLength)) || Fault.At("unit", WireReader.NotUtf8));
            case ColumnDecoder.AggregatesTag:
                return scan.Aggregates.TryAdd(ref reader, out _) || Fault.At("aggregates", reader.Fault);
            default:
                return Fault.Unknown(ref reader, tag, MetricFields);
        }
    }

    private bool TryFinishMetric(WireReader body, int index, WireIdentity? expected, ref MetricScan scan)
    {
        WireIdentity? identity = expected;
        bool isNamed = expected is not null || _spans.NameLength > 0;
        if (expected is null && !TryFindIdentity(body.Message, scan, out identity))
        {
            return false;
        }
        if (scan.Packed.Count + scan.Aggregates.Count > 0 && !TryScanColumns(body.Message, ref scan))
        {
            return false;
        }
        if (isNamed && scan.Ref != 0)
        {
            Batch.AddDeclaration();
        }
        foreach (ref MetricRun run in Batch.RunsOfMetric)
        {
            run.Identity = identity;
            run.IsNamed = isNamed;
            run.Ref = scan.Ref;
            run.Metric = index;
            (run.BodyAt, run.BodyEnd) = (body.At, body.End);
            (run.UnitAt, run.UnitLength) = (scan.UnitAt, scan.UnitLength);
        }
        if (identity is not null)
        {
            Remember(identity);
        }
        return true;
    }

    private bool TryScanColumns(ReadOnlySpan<byte> message, ref MetricScan scan)
    {
        bool isPacked = scan.Packed.Count > 0;
        string field = isPacked ? "packed" : "aggregates";
        if (scan.SampleCount > 0 || (isPacked && scan.Aggregates.Count > 0))
        {
            return Fault.At(field, "stands beside other samples; one of samples, packed, aggregates is expected");
        }
        return (isPacked ? _columns.TryScanPacked(message, scan.Packed) : _columns.TryScanAggregates(message, scan.Aggregates)) || Fault.Within(field);
    }

    /// <summary>The identity in the cache, or null for one that is not in it, whose text is checked here.</summary>
    private bool TryFindIdentity(ReadOnlySpan<byte> message, in MetricScan scan, out WireIdentity? identity)
    {
        identity = null;
        if (_spans.NameLength == 0)
        {
            return (scan.Ref != 0 && scan.LabelCount == 0) || Fault.At("name", scan.Ref == 0 ? "is missing" : "is missing beside labels");
        }
        identity = _identities.Find(message, _spans, _spans.Hash(message, _identities.Seed));
        if (identity is not null)
        {
            return true;
        }
        if (!_spans.IsText(message, Fault))
        {
            return false;
        }
        if (_spans.Normalize(message))
        {
            identity = _identities.Find(message, _spans, _spans.Hash(message, _identities.Seed));
        }
        return true;
    }

    /// <summary>Remembers which identity followed which, for the next message.</summary>
    private void Remember(WireIdentity identity)
    {
        if (_previous is null)
        {
            _identities.First = identity;
        }
        else
        {
            _previous.Next = identity;
        }
        _previous = identity;
    }
}
