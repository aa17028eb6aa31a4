namespace Observability.Agent;

/// <summary>
/// What became of everything recorded, at one instant. In every snapshot <c>Recorded = Acknowledged + Dropped + Pending</c>, exactly.
/// The unit is the sample: one timestamped value put on the wire (a histogram of one push interval is one sample).
/// </summary>
public sealed record AgentLedger
{
    /// <summary>Samples recorded since the agent was created.</summary>
    public required long Recorded { get; init; }

    /// <summary>Samples sent at least once.</summary>
    public required long Sent { get; init; }

    /// <summary>Samples sent again because no acknowledgement had come when the stream ended.</summary>
    public required long Resent { get; init; }

    /// <summary>Samples that an aggregator has applied in its memory.</summary>
    public required long Acknowledged { get; init; }

    /// <summary>Of <see cref="Acknowledged"/>, those applied by the aggregator's session that answered last.</summary>
    public required long AcknowledgedInServerSession { get; init; }

    /// <summary>Samples waiting to be sent or acknowledged.</summary>
    public required long Pending { get; init; }

    /// <summary>Samples sent again to refill the memory of an aggregator that had not acknowledged them; outside the other counts.</summary>
    public required long Replayed { get; init; }

    /// <summary>Samples dropped, all reasons together.</summary>
    public required long Dropped { get; init; }

    /// <summary>Samples dropped, by reason; reasons that did not occur are absent.</summary>
    public required IReadOnlyDictionary<string, long> DroppedByReason { get; init; }

    /// <summary>Gauge values that went into an aggregate because the buffer was full. No drop: minimum, maximum, sum, last and count are kept.</summary>
    public required long Merged { get; init; }

    /// <summary>How often streams were opened again after one had been accepted.</summary>
    public required long Reconnects { get; init; }

    /// <summary>The aggregator's session that answered last; it changes when an aggregator restarts. 0: none has answered yet.</summary>
    public required ulong ServerSessionId { get; init; }

    /// <summary>The aggregator's clock minus this agent's, estimated from the fastest recent round trip.</summary>
    public required TimeSpan ClockOffset { get; init; }

    /// <summary>The fastest recent round trip to the aggregator; zero before the first.</summary>
    public required TimeSpan RoundTrip { get; init; }
}
