using Observability.Agent.Recording;

namespace Observability.Agent;

/// <summary>
/// A series resolved once, to be recorded on many times. Handles are safe for any number of threads, allocate nothing per record and never
/// throw. A handle that could not be given a series (too many series, a bad name) counts what it drops in <see cref="TelemetryAgent.Ledger"/>.
/// </summary>
public abstract class InstrumentHandle
{
    /// <summary>A handle must be worth a place of its own for the thread that records on it: so often it shares first.</summary>
    internal const int RecordsBeforeOwner = 256;

    private readonly DropReason? _refusal;

    private protected InstrumentHandle(SeriesIdentity identity, SeriesKind kind, int seriesRef, RecordingDrops drops, DropReason? refusal)
    {
        Identity = identity;
        Kind = kind;
        SeriesRef = seriesRef;
        Drops = drops;
        _refusal = refusal;
    }

    /// <summary>The metric's name.</summary>
    public string Name => Identity.Name;

    /// <summary>The labels, sorted by name; without service and instance, which every series of the agent has.</summary>
    public IReadOnlyList<(string Name, string Value)> Labels => Identity.Labels;

    /// <summary>The unit (UCUM: ms, s, By, 1), or an empty string while none was given.</summary>
    public string Unit { get; internal set; } = "";

    /// <summary>False when recordings on this handle are dropped and counted.</summary>
    public bool IsAccepted => _refusal is null;

    internal SeriesIdentity Identity { get; }

    internal SeriesKind Kind { get; }

    /// <summary>Number of the series on the wire, from 1; 0 when refused.</summary>
    internal int SeriesRef { get; }

    /// <summary>Newest timestamp sent: a series' timestamps never go back. The push thread's.</summary>
    internal long SentTimestampNs { get; set; }

    private protected RecordingDrops Drops { get; }

    private protected void CountRefused() => Drops.Count(_refusal ?? DropReason.Fault);
}
