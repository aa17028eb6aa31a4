using System.Diagnostics;
using Grpc.AspNetCore.Server;

namespace Observability.Aggregator.Security;

/// <summary>
/// The one place where access is decided: after routing, before any endpoint runs. An endpoint without a policy is a bug and is refused
/// by throwing. Calls of a gRPC method pass: <see cref="GrpcKeyInterceptor"/> refuses them, with a status of gRPC.
/// </summary>
internal sealed class AccessMiddleware(RequestDelegate next, SecurityOptions options, OriginPolicy origins)
{
    public const string ApiKeyHeader = "x-api-key";

    // What a page may send beside what every page may: its token, and a body's type.
    private const string PageHeaders = "authorization, content-type";
    private const string PreflightSeconds = "600";

    public Task InvokeAsync(HttpContext context)
    {
        // What is no route endpoint is the framework's own answer, such as 405.
        if (context.GetEndpoint() is not RouteEndpoint endpoint)
        {
            return next(context);
        }
        Access access = (endpoint.Metadata.GetMetadata<AccessMetadata>()
            ?? throw new UnreachableException($"BUG: endpoint {endpoint.RoutePattern.RawText} names no access policy.")).Access;
        return access switch
        {
            Access.Public => next(context),
            Access.Ingest when endpoint.Metadata.GetMetadata<GrpcMethodMetadata>() is not null => next(context),
            Access.Ingest => options.IngestKeys.Allows(context.Request.Headers[ApiKeyHeader]) ? next(context) : RefuseKey(context),
            Access.View => AllowView(context, endpoint),
            _ => throw new UnreachableException($"BUG: access policy {access} is unknown."),
        };
    }

    private Task AllowView(HttpContext context, RouteEndpoint endpoint)
    {
        if (!origins.Allows(context.Request))
        {
            return Refuse(
                context, StatusCodes.Status403Forbidden,
                $"Cannot answer a page of origin '{context.Request.Headers.Origin}': it is not listed. Add it to {SecurityOptions.AllowedOriginsName}.");
        }
        LetTheOriginRead(context);
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            return AnswerPreflight(context, endpoint);
        }
        if (options.ViewTokens.Allows(ViewToken.Find(context)))
        {
            return next(context);
        }
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Refuse(
            context, StatusCodes.Status401Unauthorized,
            "Cannot answer without a valid token. Send 'Authorization: Bearer <token>' (on a WebSocket: the subprotocol 'bearer.<base64url token>').");
    }

    /// <summary>Says what a listed page may send. It carries no token: browsers ask before they send one.</summary>
    private static Task AnswerPreflight(HttpContext context, RouteEndpoint endpoint)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.AccessControlAllowMethods = string.Join(", ", endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []);
        headers.AccessControlAllowHeaders = PageHeaders;
        headers.AccessControlMaxAge = PreflightSeconds;
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>A listed page may also read the answer, refusals included: without the header a browser hides it from the page.</summary>
    private static void LetTheOriginRead(HttpContext context)
    {
        string? origin = context.Request.Headers.Origin;
        if (!string.IsNullOrEmpty(origin))
        {
            context.Response.Headers.AccessControlAllowOrigin = origin;
            context.Response.Headers.Append("Vary", "Origin");
        }
    }

    private static Task RefuseKey(HttpContext context) =>
        Refuse(context, StatusCodes.Status401Unauthorized, $"Cannot accept telemetry without a valid key. Send it as '{ApiKeyHeader}'.");

    private static Task Refuse(HttpContext context, int status, string detail) =>
        Results.Problem(detail, statusCode: status).ExecuteAsync(context);
}
