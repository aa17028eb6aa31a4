namespace Observability.Agent.Transport;

/// <summary>
/// The aggregator's clock minus ours, and the round trip, from the echoes in Acks. The fastest round trip of the last one to two windows
/// counts: the less time an echo took, the less its two ways can differ. The stream's reader adds; any thread reads.
/// </summary>
internal sealed class ClockEstimate
{
    internal const long WindowNs = 30_000_000_000;

    private readonly Lock _gate = new();
    private Best _previous;
    private Best _current;
    private long _windowStartNs;
    private ulong _serverSession;

    public long OffsetNs
    {
        get
        {
            lock (_gate)
            {
                return Better().OffsetNs;
            }
        }
    }

    /// <summary>0 before the first echo.</summary>
    public long RoundTripNs
    {
        get
        {
            lock (_gate)
            {
                return Better().RoundTripNs;
            }
        }
    }

    /// <summary>Adds an echo; another session of the aggregator has another clock, so it starts anew.</summary>
    public void Add(ulong serverSession, long sentAtNs, long serverTimeNs, long receivedAtNs)
    {
        long roundTripNs = receivedAtNs - sentAtNs;
        if (roundTripNs <= 0)
        {
            return;                                     // our clock was set back in between
        }
        lock (_gate)
        {
            if (serverSession != _serverSession)
            {
                _previous = default;
                _current = default;
                _serverSession = serverSession;
            }
            if (receivedAtNs - _windowStartNs >= WindowNs)
            {
                _previous = _current;
                _current = default;
                _windowStartNs = receivedAtNs;
            }
            if (_current.RoundTripNs == 0 || roundTripNs < _current.RoundTripNs)
            {
                _current = new Best(serverTimeNs - (sentAtNs + (roundTripNs / 2)), roundTripNs);
            }
        }
    }

    private Best Better()
    {
        bool previousWins = _previous.RoundTripNs != 0 && (_current.RoundTripNs == 0 || _previous.RoundTripNs < _current.RoundTripNs);
        return previousWins ? _previous : _current;
    }

    private readonly record struct Best(long OffsetNs, long RoundTripNs);
}
