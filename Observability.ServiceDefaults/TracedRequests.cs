using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Observability.ServiceDefaults;

/// <summary>
/// Which requests become spans. Probes and scrapes come every few seconds and say nothing; WebSockets and gRPC streams stay open for weeks, and a
/// span is exported only when it ends.
/// </summary>
internal static class TracedRequests
{
    private static readonly PathString[] ProbePaths = ["/health", "/alive", "/metrics"];

    public static bool IsTraced(HttpContext context) =>
        !ProbePaths.Any(probe => context.Request.Path.StartsWithSegments(probe, StringComparison.Ordinal))
        && !IsGrpc(context.Request.ContentType)
        && context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true }
        && context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true };

    public static bool IsTraced(HttpRequestMessage request) => !IsGrpc(request.Content?.Headers.ContentType?.MediaType);

    private static bool IsGrpc(string? contentType) => contentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true;
}
