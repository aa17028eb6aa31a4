namespace Observability.Aggregator.Streaming;

/// <summary>To whom frames are sent compressed, if the client offers to read them.</summary>
internal enum FrameCompression
{
    Off,

    /// <summary>To all but programs of this machine, for whom bytes cost less than the time to compress and inflate them.</summary>
    Remote,

    Always,
}
