using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Observability.Aggregator.Streaming.WebSockets;

/// <summary>Takes a WebSocket from a request that the web server has checked (RFC 6455, 4.2.2; over HTTP/2: RFC 8441).</summary>
internal static class WebSocketHandshake
{
    private const string AcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary><paramref name="mayCompress"/>: if the client offers it, permessage-deflate is agreed upon.</summary>
    public static async Task<LiveSocket> AcceptAsync(HttpContext context, string? subprotocol, bool mayCompress)
    {
        IHeaderDictionary answer = context.Response.Headers;
        if (subprotocol is not null)
        {
            answer.SecWebSocketProtocol = subprotocol;
        }
        bool compresses = mayCompress && PerMessageDeflate.IsOffered(context.Request.Headers.SecWebSocketExtensions);
        if (compresses)
        {
            answer.SecWebSocketExtensions = PerMessageDeflate.Answer;
        }
        if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } http2)
        {
            return new LiveSocket(context, await http2.AcceptAsync(), socket: null, compresses);
        }
        string key = context.Request.Headers.SecWebSocketKey.ToString();
        answer.Connection = HeaderNames.Upgrade;
        answer.Upgrade = "websocket";
        answer.SecWebSocketAccept = AcceptFor(key);
        Stream stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        return new LiveSocket(context, stream, PlainSocketOf(context), compresses);
    }

    // The algorithm is the protocol's; it guards nothing.
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "RFC 6455, 4.2.2 prescribes SHA-1.")]
    internal static string AcceptFor(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptGuid)));

    private static Socket? PlainSocketOf(HttpContext context) =>
        context.Features.Get<ITlsConnectionFeature>() is null && !context.Request.IsHttps ? context.Features.Get<IConnectionSocketFeature>()?.Socket : null;
}
