using System.Buffers;
using System.Text.Unicode;
using Google.Protobuf;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] Reads a TelemetryBatch straight from the bytes of its message. The structural pass (<see cref="TryScan"/>) checks all of it
/// and notes where its values lie; only then <see cref="BatchWriter"/> applies them, so that a malformed batch applies nothing. In steady
/// state neither allocates. One per shard; one thread at a time.
/// </summary>
internal sealed partial class BatchDecoder
{
    private static readonly string[] BatchFields =
    [
        "service", "instance", "metrics", "sequence", "session_id", "sent_at_ns", "ticks", "push_interval_ms", "report", "replay",
    ];

    private readonly IngestOptions _options;
    private readonly HistogramDecoder _histogram;
    private readonly StitchBuffer _stitch = new();
    private ReadOnlyMemory<byte> _message;
    private IdentityCache _identities = null!;
    private SeriesIdentity? _previous;
    private BatchHeader _header;
    private int _length;
    private int _metricCount;
    private int _tickCount;

    public BatchDecoder(IngestOptions options, int histogramBucketsMax)
    {
        _options = options;
        _histogram = new HistogramDecoder(Fault, histogramBucketsMax);
    }

    /// <summary>Why the last scan failed.</summary>
    public WireFault Fault { get; } = new();

    public ScanTape Tape { get; } = new();

    /// <summary>The name and labels of one metric; the writer uses it too, for identities it meets the first time.</summary>
    public IdentitySpans Spans { get; } = new();

    public ref readonly BatchHeader Header => ref _header;

    /// <summary>The message that was scanned, contiguous. What lies behind its end are bodies that were put together.</summary>
    public ReadOnlySpan<byte> Message => _message.Span;

    /// <summary>Samples of the batch, including those past the limit.</summary>
    public long SampleCount { get; private set; }

    /// <summary>Samples past SamplesPerBatchMax: well-formed, and not on the tape.</summary>
    public long OverLimitCount { get; private set; }

    private long RoomForSamples => Math.Max(0, _options.SamplesPerBatchMax - (SampleCount - OverLimitCount));

    /// <summary>Runs that declare a ref.</summary>
    public int DeclarationCount { get; private set; }

    /// <summary>
    /// The structural pass. False when the batch is malformed. Changes nothing but this decoder and the guesses in
    /// <paramref name="identities"/>. The message must stay valid until the batch is applied.
    /// </summary>
    public bool TryScan(in ReadOnlySequence<byte> message, IdentityCache identities)
    {
        _identities = identities;
        _stitch.Release();
        // A message mostly lies in one block of 32 KB. A split one is copied together: 8 KB take a quarter of a microsecond, checks for boundaries
        // at every read take more.
        _message = message.IsSingleSegment ? message.First : _stitch.Copy(message);
        _length = (int)message.Length;
        if (TryScanFields())
        {
            return true;
        }
        if (!Fault.NeedsRoom)
        {
            return false;
        }
        // Some body came in several pieces, which protobuf allows: once more, with room to put the pieces together.
        _message = _stitch.CopyWithRoom(message);
        return TryScanFields();
    }

    /// <summary>The sequence of a batch whose scan failed before it came to it; 0 if that cannot be told.</summary>
    public ulong FindSequence()
    {
        WireReader reader = new(Message, 0, _length);
        while (_header.Sequence == 0 && reader.TryReadTag(out uint tag))
        {
            if (tag == SequenceTag ? !reader.TryReadVarint(out _header.Sequence) : !reader.TrySkip(tag))
            {
                break;
            }
        }
        return _header.Sequence;
    }

    /// <summary>Gives back what only this message needed.</summary>
    public void Release()
    {
        _message = default;
        _stitch.Release();
    }

    private const uint SequenceTag = (4 << 3) | WireReader.Varint;
    internal const uint ServiceTag = (1 << 3) | WireReader.Bytes;
    internal const uint InstanceTag = (2 << 3) | WireReader.Bytes;

    private bool TryScanFields()
    {
        Tape.Clear();
        _header = default;
        _previous = null;
        _sideAt = _length;
        _metricCount = 0;
        _tickCount = 0;
        SampleCount = 0;
        OverLimitCount = 0;
        DeclarationCount = 0;
        WireReader reader = new(Message, 0, _length);
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
        return IsIdentityText();
    }

    private bool TryScanField(ref WireReader reader, uint tag)
    {
        switch (tag)
        {
            case (3 << 3) | WireReader.Bytes:
                return TryTakeBody(ref reader, "metrics", _metricCount, out WireReader metric)
                    && (TryScanMetric(metric, _metricCount++) || Fault.Within("metrics", _metricCount - 1));
            case (7 << 3) | WireReader.Bytes:
                return TryTakeBody(ref reader, "ticks", _tickCount, out WireReader tick)
                    && (TryScanTick(tick, _tickCount++) || Fault.Within("ticks", _tickCount - 1));
            case ServiceTag:
            case InstanceTag:
                return TryScanIdentityField(ref reader, tag);
            case SequenceTag:
                return reader.TryReadVarint(out _header.Sequence) || Fault.At("sequence", reader.Fault);
            case (5 << 3) | WireReader.Fixed64:
                return reader.TryReadFixed64(out _header.SessionId) || Fault.At("session_id", reader.Fault);
            case (6 << 3) | WireReader.Fixed64:
                return reader.TryReadFixed64(out _header.SentAtNs) || Fault.At("sent_at_ns", reader.Fault);
            case (8 << 3) | WireReader.Varint:
                bool readInterval = reader.TryReadVarint(out ulong interval);
                _header.PushIntervalMs = (uint)interval;
                return readInterval || Fault.At("push_interval_ms", reader.Fault);
            case (9 << 3) | WireReader.Bytes:
                return TryScanReport(ref reader);
            case (10 << 3) | WireReader.Varint:
                bool readReplay = reader.TryReadVarint(out ulong replay);
                _header.Replay = replay != 0;
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

    private bool TryScanIdentityField(ref WireReader reader, uint tag)
    {
        if (!reader.TryReadLength(out int length))
        {
            return Fault.At(tag == ServiceTag ? "service" : "instance", reader.Fault);
        }
        if (tag == ServiceTag)
        {
            (_header.ServiceAt, _header.ServiceLength) = (reader.At, length);
        }
        else
        {
            (_header.InstanceAt, _header.InstanceLength) = (reader.At, length);
        }
        reader.Take(length);
        return true;
    }

    private bool IsIdentityText()
    {
        if (!Utf8.IsValid(Message.Slice(_header.ServiceAt, _header.ServiceLength)))
        {
            return Fault.At("service", NotUtf8);
        }
        return Utf8.IsValid(Message.Slice(_header.InstanceAt, _header.InstanceLength)) || Fault.At("instance", NotUtf8);
    }

    /// <summary>At most once a second, so the generated class may read it; past the limit it is stepped over.</summary>
    private bool TryScanReport(ref WireReader reader)
    {
        if (!reader.TryReadLength(out int length))
        {
            return Fault.At("report", reader.Fault);
        }
        WireReader body = reader.Take(length);
        if (length > _options.ReportBytesMax)
        {
            _header.ReportTooLarge = true;
            return true;
        }
        try
        {
            AgentReport report = _header.Report ?? new AgentReport();
            report.MergeFrom(Message[body.At..body.End]);
            _header.Report = report;
            return true;
        }
        catch (InvalidProtocolBufferException exception)
        {
            return Fault.At("report", $"cannot be read: {exception.Message}");
        }
    }
}
