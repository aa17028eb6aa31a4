namespace Observability.Aggregator.Streaming;

/// <summary>One connection of the live stream at one moment, for /api/status. Rates are those in force, in the order of its subscriptions.</summary>
internal sealed record LiveConnectionInfo(
    string Peer, FrameFormat Format, long ConnectedAtNs, IReadOnlyList<int> RatesHz, int SlowSteps, int UnackedFrames, int QueuedFrames, int QueuedTexts);
