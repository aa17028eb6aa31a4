using System.Net;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming.Connections;

/// <summary>GET /ws: takes a WebSocket, with the binary subprotocol or as the JSON fallback.</summary>
internal static class LiveEndpoint
{
    public const string Path = "/ws";
    public const string Subprotocol = "telemetry.v1.binary";

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
            LiveSocket socket = await LiveSocket.AcceptAsync(
                context, binary ? Subprotocol : null, MayCompress(hub.Options.Compression, context.Connection.RemoteIpAddress), hub.Options);
            string peer = $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort}";
            await hub.RunAsync(socket, binary ? FrameFormat.Binary : FrameFormat.Json, peer, context.RequestAborted);
        }
        finally
        {
            hub.Release();
        }
    }

    private static bool MayCompress(FrameCompression compression, IPAddress? peer) => compression switch
    {
        FrameCompression.Off => false,
        FrameCompression.Always => true,
        _ => peer is not null && !IPAddress.IsLoopback(peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer),
    };

    private static Task Refuse(HttpContext context, int status, string detail) => Results.Problem(detail, statusCode: status).ExecuteAsync(context);
}
