using System.Text;
using Observability.Aggregator.Streaming.WebSockets;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// How a message of samples begins for one connection: the first fragment of a WebSocket message, which the shared bytes of
/// <see cref="JsonSink"/> end. Where messages are compressed it is a stored block, which the shared compressed bytes may follow.
/// </summary>
internal static class JsonOpening
{
    /// <summary>Null is the subscription that every JSON connection begins with; the others are named by their id.</summary>
    public static byte[] For(long? subscriptionId, bool isCompressed)
    {
        byte[] text = Encoding.UTF8.GetBytes(
            subscriptionId is { } id ? $"{{\"type\":\"samples\",\"id\":{id}," : "{\"type\":\"samples\",");
        byte[] payload = isCompressed ? PerMessageDeflate.Store(text) : text;
        byte[] fragment = new byte[WebSocketHeader.SizeFor(payload.Length) + payload.Length];
        int size = WebSocketHeader.Write(fragment, Opcode.Text, isFinal: false, isCompressed, payload.Length);
        payload.CopyTo(fragment.AsSpan(size));
        return fragment;
    }
}
