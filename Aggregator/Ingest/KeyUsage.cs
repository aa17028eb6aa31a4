namespace Observability.Aggregator.Ingest;

/// <summary>
/// What the senders with one API key take together: open streams, and samples per second, for which a second's worth may come at once. Any thread;
/// a batch costs one exchange.
/// </summary>
internal sealed class KeyUsage(int streamsMax, long samplesPerSecondMax, TimeProvider time)
{
    private readonly double _ticksPerSample = (double)time.TimestampFrequency / samplesPerSecondMax;
    private int _streams;
    private long _paidUntil;    // When all that was taken is worked off at the allowed rate.

    public int Streams => Volatile.Read(ref _streams);

    public bool TryOpen()
    {
        if (Interlocked.Increment(ref _streams) <= streamsMax)
        {
            return true;
        }
        Interlocked.Decrement(ref _streams);
        return false;
    }

    public void Close() => Interlocked.Decrement(ref _streams);

    /// <summary>False: more than a second's worth has been taken already; <paramref name="retryAfterMs"/> says how long until it is worked off.</summary>
    public bool TryTake(long samples, out uint retryAfterMs)
    {
        long cost = (long)(samples * _ticksPerSample);
        while (true)
        {
            long paidUntil = Volatile.Read(ref _paidUntil);
            long now = time.GetTimestamp();
            long debt = paidUntil - now - time.TimestampFrequency;
            if (debt > 0)
            {
                retryAfterMs = (uint)(debt * 1000 / time.TimestampFrequency) + 1;
                return false;
            }
            if (Interlocked.CompareExchange(ref _paidUntil, Math.Max(paidUntil, now) + cost, paidUntil) == paidUntil)
            {
                retryAfterMs = 0;
                return true;
            }
        }
    }
}
