namespace Observability.Aggregator.Streaming;

internal enum FrameFormat
{
    /// <summary>proto/frame.md, for the subprotocol telemetry.v1.binary.</summary>
    Binary,

    /// <summary>Text messages, for connections without a subprotocol.</summary>
    Json,
}
