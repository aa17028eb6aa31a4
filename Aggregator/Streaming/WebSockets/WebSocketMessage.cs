using System.Net.WebSockets;

namespace Observability.Aggregator.Streaming.WebSockets;

/// <summary>What a client sent: a message, a control frame, something it may not send, or the end of the connection.</summary>
internal readonly record struct WebSocketMessage
{
    /// <summary>Valid until the next one is read.</summary>
    public ReadOnlyMemory<byte> Payload { get; private init; }

    /// <summary>Null: it is refused, or the client is gone.</summary>
    public Opcode? Opcode { get; private init; }

    /// <summary>With what the connection is to be closed; null: nothing is wrong.</summary>
    public WebSocketCloseStatus? Refusal { get; private init; }

    public string Reason { get; private init; }

    /// <summary>The client closed the connection without a word.</summary>
    public bool IsEnd => Opcode is null && Refusal is null;

    public static WebSocketMessage End => default;

    public static WebSocketMessage Of(Opcode opcode, ReadOnlyMemory<byte> payload) => new() { Opcode = opcode, Payload = payload, Reason = "" };

    public static WebSocketMessage Refused(WebSocketCloseStatus status, string reason) => new() { Refusal = status, Reason = reason };
}
