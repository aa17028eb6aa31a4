namespace Observability.Aggregator.Triggers;

/// <summary>What the engine counts. Written by its thread and the webhooks' loop, read by any.</summary>
internal sealed class TriggerCounters
{
    private long _samples;
    private long _overwritten;
    private long _deliveries;
    private long _deliveriesFailed;
    private long _deliveriesDropped;

    /// <summary>Samples judged, by all rules together.</summary>
    public long Samples => Volatile.Read(ref _samples);

    /// <summary>Samples overwritten before a rule saw them.</summary>
    public long Overwritten => Volatile.Read(ref _overwritten);

    public long Deliveries => Volatile.Read(ref _deliveries);

    /// <summary>Messages given up after the last attempt.</summary>
    public long DeliveriesFailed => Volatile.Read(ref _deliveriesFailed);

    /// <summary>Messages refused because the queue was full.</summary>
    public long DeliveriesDropped => Volatile.Read(ref _deliveriesDropped);

    public void OnSamples(int count, long overwritten)
    {
        Volatile.Write(ref _samples, _samples + count);
        Volatile.Write(ref _overwritten, _overwritten + overwritten);
    }

    public void OnDelivered() => Interlocked.Increment(ref _deliveries);

    public void OnDeliveryFailed() => Interlocked.Increment(ref _deliveriesFailed);

    public void OnDeliveryDropped() => Interlocked.Increment(ref _deliveriesDropped);
}
