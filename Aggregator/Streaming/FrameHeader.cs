namespace Observability.Aggregator.Streaming;

/// <summary>What the caller decides of a frame's header; the encoder adds what it counts.</summary>
internal readonly record struct FrameHeader(byte RateHz, FrameFlags Flags, ulong SessionId, long Tick, long FramedNs, long BaseNs);
