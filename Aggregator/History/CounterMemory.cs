namespace Observability.Aggregator.History;

/// <summary>
/// The newest total of a counter, from which the next increase counts. Resets are judged in the order of timestamps, not of arrival: a smaller total is a restart
/// only when its time is later. [data plane] A value.
/// </summary>
internal readonly record struct CounterMemory(bool IsKnown, ulong Total, long TimestampNs)
{
    /// <summary>A sample older than the newest by more than this is not late: the sender's clock was set back.</summary>
    public const long LateMaxNs = 60_000_000_000;

    public static bool IsLate(long timestampNs, long newestNs) => timestampNs < newestNs && timestampNs >= newestNs - LateMaxNs;

    /// <summary>What is known after one more sample; <paramref name="increase"/>: what it adds, 0 for the first one and for a late one.</summary>
    public CounterMemory Next(ulong total, long timestampNs, out ulong increase)
    {
        // Whatever it counted since the one before it, the one after it has counted already.
        if (IsKnown && IsLate(timestampNs, TimestampNs))
        {
            increase = 0;
            return this;
        }
        increase = !IsKnown ? 0 : total >= Total ? total - Total : total;
        return new CounterMemory(true, total, timestampNs);
    }
}
