using System.Text;
using Observability.Agent.Batching;
using Observability.Agent.Recording;

namespace Observability.Agent.Transport;

/// <summary>Who sends: the same in every message of the agent's session.</summary>
internal sealed record AgentIdentity(string Service, string Instance, ulong SessionId, int PushIntervalMs, long StartedAtNs, string Sdk);

/// <summary>
/// Makes TelemetryBatch messages for one stream after another: a header, a report once a second, the declarations that the stream has not had yet, and the bytes
/// of a batch from the log, which are the same on every stream. One thread at a time.
/// </summary>
internal sealed class BatchFramer(AgentIdentity identity, InstrumentRegistry registry, LedgerBook ledger, AgentClock clock) : IDisposable
{
    internal const long ReportIntervalNs = 1_000_000_000;

    /// <summary>Declarations in one message: far below the least message limit an aggregator is likely to have.</summary>
    internal const int DeclarationBytesMax = 256 * 1024;

    private readonly ProtoWriter _message = new();
    private readonly long[] _dropped = new long[DropReasons.Count];
    private int _declared;
    private long _reportedNs;

    public AgentIdentity Identity => identity;

    /// <summary>The aggregator's clock, for the reports.</summary>
    public ClockEstimate Estimate { get; } = new();

    public ReadOnlySpan<byte> Message => _message.Written;

    /// <summary>Where the log copies a batch's bytes to, before <see cref="FrameBatch"/>.</summary>
    public ProtoWriter Body { get; } = new();

    /// <summary>False while what is to be declared needs messages of its own first.</summary>
    public bool CanDeclareBesideBatch
    {
        get
        {
            ReadOnlySpan<InstrumentHandle> declarations = registry.Declarations;
            return CountFitting(declarations) == declarations.Length - _declared;
        }
    }

    public bool HasDeclaredAll => _declared == registry.Declarations.Length;

    /// <summary>A new stream knows no refs, and begins with a report.</summary>
    public void BeginStream() => (_declared, _reportedNs) = (0, long.MinValue);

    /// <summary>A message without a batch.</summary>
    public void FrameDeclarations() => Begin(0, isReplay: false);

    /// <summary>The batch in <see cref="Body"/>.</summary>
    public void FrameBatch(ulong sequence, bool isReplay)
    {
        Begin(sequence, isReplay);
        _message.Bytes(Body.Written);
    }

    public void Dispose()
    {
        _message.Dispose();
        Body.Dispose();
    }

    private void Begin(ulong sequence, bool isReplay)
    {
        _message.Clear();
        _message.Text(WireTags.BatchService, identity.Service);
        _message.Text(WireTags.BatchInstance, identity.Instance);
        if (sequence != 0)
        {
            _message.Varint(WireTags.BatchSequence, sequence);
        }
        _message.Fixed64(WireTags.BatchSessionId, identity.SessionId);
        _message.Fixed64(WireTags.BatchSentAt, (ulong)clock.PreciseNs());
        _message.Varint(WireTags.BatchPushInterval, (ulong)identity.PushIntervalMs);
        if (isReplay)
        {
            _message.Varint(WireTags.BatchReplay, 1);
        }
        long nowNs = clock.MonotonicNs();
        if (_reportedNs == long.MinValue || nowNs - _reportedNs >= ReportIntervalNs)
        {
            _reportedNs = nowNs;
            WriteReport();
        }
        WriteDeclarations();
    }

    private static int DeclarationSize(InstrumentHandle instrument, string unit)
    {
        int size = ProtoWriter.TextSize(instrument.Name) + 1 + ProtoWriter.VarintSize((ulong)instrument.SeriesRef);
        if (unit.Length != 0)
        {
            size += ProtoWriter.TextSize(unit);
        }
        foreach ((string name, string value) in instrument.Identity.Labels)
        {
            int entry = ProtoWriter.TextSize(name) + ProtoWriter.TextSize(value);
            size += 1 + ProtoWriter.VarintSize((ulong)entry) + entry;
        }
        return size;
    }

    private int CountFitting(ReadOnlySpan<InstrumentHandle> declarations)
    {
        int count = 0;
        int bytes = 0;
        for (int i = _declared; i < declarations.Length; i++)
        {
            bytes += DeclarationSize(declarations[i], declarations[i].Unit);
            if (bytes > DeclarationBytesMax && count > 0)
            {
                break;
            }
            count++;
        }
        return count;
    }

    private void WriteDeclarations()
    {
        ReadOnlySpan<InstrumentHandle> declarations = registry.Declarations;
        int count = CountFitting(declarations);
        foreach (InstrumentHandle instrument in declarations.Slice(_declared, count))
        {
            string unit = instrument.Unit;              // read once: it may become known at this moment
            _message.Varint(WireTags.BatchMetrics, (ulong)DeclarationSize(instrument, unit));
            _message.Text(WireTags.MetricName, instrument.Name);
            foreach ((string name, string value) in instrument.Identity.Labels)
            {
                _message.Varint(WireTags.MetricLabels, (ulong)(ProtoWriter.TextSize(name) + ProtoWriter.TextSize(value)));
                _message.Text(WireTags.MapKey, name);
                _message.Text(WireTags.MapText, value);
            }
            _message.Varint(WireTags.MetricSeriesRef, (ulong)instrument.SeriesRef);
            if (unit.Length != 0)
            {
                _message.Text(WireTags.MetricUnit, unit);
            }
        }
        _declared += count;
    }

    private void WriteReport()
    {
        LedgerTotals totals = ledger.Read(_dropped);
        ulong offset = ProtoWriter.ZigZag(Estimate.OffsetNs);
        ulong roundTrip = (ulong)Estimate.RoundTripNs;
        ReadOnlySpan<ulong> numbers =
        [
            (ulong)totals.Recorded, (ulong)totals.Log.Sent, (ulong)totals.Log.Acknowledged, offset, roundTrip, (ulong)totals.Pending,
        ];
        int size = 1 + sizeof(ulong) + ProtoWriter.TextSize(identity.Sdk) + DroppedSize();
        foreach (ulong number in numbers)
        {
            size += 1 + ProtoWriter.VarintSize(number);
        }
        _message.Varint(WireTags.BatchReport, (ulong)size);
        _message.Fixed64(WireTags.ReportStartedAt, (ulong)identity.StartedAtNs);
        _message.Varint(WireTags.ReportRecorded, numbers[0]);
        _message.Varint(WireTags.ReportSent, numbers[1]);
        _message.Varint(WireTags.ReportAcknowledged, numbers[2]);
        WriteDropped();
        _message.Varint(WireTags.ReportClockOffset, numbers[3]);
        _message.Varint(WireTags.ReportRoundTrip, numbers[4]);
        _message.Varint(WireTags.ReportPending, numbers[5]);
        _message.Text(WireTags.ReportSdk, identity.Sdk);
    }

    private int DroppedSize()
    {
        int size = 0;
        for (int i = 0; i < _dropped.Length; i++)
        {
            size += _dropped[i] == 0 ? 0 : 2 + DroppedEntrySize(i);         // an entry is shorter than 128 bytes
        }
        return size;
    }

    private int DroppedEntrySize(int reason) =>
        2 + Encoding.UTF8.GetByteCount(DropReasons.Name(reason)) + 1 + ProtoWriter.VarintSize((ulong)_dropped[reason]);

    private void WriteDropped()
    {
        for (int i = 0; i < _dropped.Length; i++)
        {
            if (_dropped[i] != 0)
            {
                _message.Varint(WireTags.ReportDropped, (ulong)DroppedEntrySize(i));
                _message.Text(WireTags.MapKey, DropReasons.Name(i));
                _message.Varint(WireTags.MapNumber, (ulong)_dropped[i]);
            }
        }
    }
}
