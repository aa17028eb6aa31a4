using System.Net.WebSockets;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Streaming;

/// <summary>GET /ws: takes a WebSocket, with the binary subprotocol or as the JSON fallback.</summary>
internal static class LiveEndpoint
{
    public const string Path = "/ws";
    public const string Subprotocol = "telemetry.v1.binary";

    // Pings keep proxies from closing quiet connections, and find a peer that went away without a word.
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromSeconds(20);

    public static async Task ServeAsync(HttpContext context, LiveHub hub, ServingState serving)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await Refuse(context, StatusCodes.Status400BadRequest, $"Cannot answer a plain request on {Path}: open a WebSocket, with the subprotocol '{Subprotocol}' or none.");
            return;
        }
        if (serving.Phase == ServingPhase.Draining)
        {
            await Refuse(context, StatusCodes.Status503ServiceUnavailable, "Cannot take the connection: the aggregator is shutting down.");
            return;
        }
        if (!hub.TryReserve())
        {
            await Refuse(context, StatusCodes.Status503ServiceUnavailable, $"Cannot take the connection: {hub.Options.ClientsMax} are the limit (Streaming:ClientsMax).");
            return;
        }
        try
        {
            bool binary = context.WebSockets.WebSocketRequestedProtocols.Contains(Subprotocol);
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
            {
                SubProtocol = binary ? Subprotocol : null,
                KeepAliveInterval = KeepAliveInterval,
                KeepAliveTimeout = KeepAliveTimeout,
            });
            string peer = $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort}";
            await hub.RunAsync(socket, binary ? FrameFormat.Binary : FrameFormat.Json, peer, context.RequestAborted);
        }
        finally
        {
            hub.GiveBack();
        }
    }

    private static Task Refuse(HttpContext context, int status, string detail) => Results.Problem(detail, statusCode: status).ExecuteAsync(context);
}
