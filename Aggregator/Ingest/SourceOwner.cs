using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// Who writes one (service, instance): its region of the store, what is known of its names, its sessions, and which stream of a session is the
/// writing one. Belongs to one shard; only that shard's thread touches it.
/// </summary>
internal sealed class SourceOwner(SourceWriter writer, IdentityCache identities)
{
    /// <summary>Sessions remembered, so that one that comes back after another still has its batches applied once.</summary>
    public const int SessionsMax = 4;

    private readonly List<(ulong Id, SequenceLedger Ledger)> _sessions = [];

    public SourceWriter Writer { get; private set; } = writer;

    public IdentityCache Identities { get; private set; } = identities;

    /// <summary>The writing stream of the live session; null when no stream of a session is open.</summary>
    public IngestStream? Current { get; set; }

    /// <summary>Open streams, those without a session too.</summary>
    public int StreamCount { get; set; }

    /// <summary>The source had left and is there anew: it begins without series, and still knows its sessions.</summary>
    public void Reopen(SourceWriter writer, IdentityCache identities) => (Writer, Identities) = (writer, identities);

    /// <summary>The session's ledger, a new one if it is not known; the session used longest ago is forgotten.</summary>
    public SequenceLedger Ledger(ulong sessionId)
    {
        int at = _sessions.FindIndex(session => session.Id == sessionId);
        (ulong Id, SequenceLedger Ledger) found = at >= 0 ? _sessions[at] : (sessionId, new SequenceLedger());
        if (at >= 0)
        {
            _sessions.RemoveAt(at);
        }
        else if (_sessions.Count == SessionsMax)
        {
            _sessions.RemoveAt(0);
        }
        _sessions.Add(found);
        return found.Ledger;
    }
}
