namespace Observability.Aggregator.Ingest;

/// <summary>What happened since the last Ack. Written in the stream's turn, read and reset by its endpoint between turns.</summary>
internal sealed class AckTally
{
    /// <summary>Batches taken, duplicates and replayed ones too: with none there is nothing to acknowledge.</summary>
    public int Batches { get; set; }
    public long Received { get; set; }
    public long Rejected { get; set; }
    public RejectReason FirstReason { get; set; }

    /// <summary>The sender's key is past its rate: how long until there is room again.</summary>
    public uint RetryAfterMs { get; set; }

    /// <summary>Every batch of the session up to here is applied. Stays.</summary>
    public ulong Sequence { get; set; }

    /// <summary>The newest batch's sent_at_ns. Stays.</summary>
    public ulong SentAtNs { get; set; }

    /// <summary>The interval at which a session's sender says it pushes; 0: it does not, or has no session. Stays.</summary>
    public uint PushIntervalMs { get; set; }

    public void Reset()
    {
        Batches = 0;
        Received = 0;
        Rejected = 0;
        FirstReason = RejectReason.None;
        RetryAfterMs = 0;
    }
}
