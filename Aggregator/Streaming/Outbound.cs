using Observability.Aggregator.Streaming.WebSockets;

namespace Observability.Aggregator.Streaming;

/// <summary>One thing that waits for a connection's socket: a frame, a text, a catch-up, or the end.</summary>
internal readonly record struct Outbound
{
    public PooledFrame? Frame { get; private init; }

    public Attachment? Attachment { get; private init; }

    /// <summary>Members of the attachment's set that the frame may hold.</summary>
    public int MemberCount { get; private init; }

    public byte[]? Text { get; private init; }

    public CatchUp? CatchUp { get; private init; }

    /// <summary>The bytes of Text are the payload of this control frame.</summary>
    public Opcode? Control { get; private init; }

    /// <summary>Neither of the others: the connection is closed after what came before.</summary>
    public bool IsEnd => Frame is null && Text is null && CatchUp is null;

    public static Outbound OfFrame(PooledFrame frame, Attachment attachment, int memberCount) =>
        new() { Frame = frame, Attachment = attachment, MemberCount = memberCount };

    public static Outbound OfText(byte[] text) => new() { Text = text };

    public static Outbound OfControl(Opcode opcode, byte[] payload) => new() { Control = opcode, Text = payload };

    public static Outbound OfCatchUp(CatchUp catchUp) => new() { CatchUp = catchUp };

    public static Outbound End => default;
}
