using System.Buffers.Text;
using System.Text;

namespace Observability.Aggregator.Security;

/// <summary>
/// Finds the token that a request presents: <c>Authorization: Bearer …</c>, or, since a browser cannot set headers on a WebSocket, the
/// subprotocol <c>bearer.&lt;base64url of the token&gt;</c>.
/// </summary>
internal static class ViewToken
{
    private const string Scheme = "Bearer ";
    private const string SubprotocolPrefix = "bearer.";

    public static string? Find(HttpContext context)
    {
        string? authorization = context.Request.Headers.Authorization;
        if (authorization is not null && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return authorization[Scheme.Length..].Trim();
        }
        if (!context.WebSockets.IsWebSocketRequest)
        {
            return null;
        }
        string? subprotocol = context.WebSockets.WebSocketRequestedProtocols
            .FirstOrDefault(protocol => protocol.StartsWith(SubprotocolPrefix, StringComparison.Ordinal));
        return subprotocol is not null && subprotocol.Length <= SubprotocolPrefix.Length + (2 * KeySet.KeyBytesMax)
            ? Decode(subprotocol.AsSpan(SubprotocolPrefix.Length))
            : null;
    }

    private static string? Decode(ReadOnlySpan<char> text) =>
        Base64Url.IsValid(text) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)) : null;
}
