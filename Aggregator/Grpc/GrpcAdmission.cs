using System.Globalization;
using Microsoft.Extensions.Options;
using Observability.Aggregator.Diagnostics;
using Observability.Protocol;

namespace Observability.Aggregator.Grpc;

/// <summary>Everything that is decided about a request before its method runs.</summary>
internal sealed class GrpcAdmission(
    GrpcMethodTable table, ServingState serving, IOptions<GrpcServerOptions> options, IEnumerable<IGrpcAuthorizer> authorizers)
{
    private readonly IGrpcAuthorizer[] _authorizers = [.. authorizers];

    /// <summary>All that comes through a gRPC endpoint, and gRPC that comes through another endpoint that speaks HTTP/2.</summary>
    public static bool Concerns(HttpContext context) =>
        context.Features.Get<GrpcEndpointFeature>() is not null
        || (HttpProtocol.IsHttp2(context.Request.Protocol) && GrpcHeaders.IsGrpcContentType(context.Request.ContentType));

    /// <summary>The HTTP status for a request that is no gRPC call, or null.</summary>
    public static int? RefuseHttp(HttpRequest request)
    {
        if (!HttpMethods.IsPost(request.Method))
        {
            return StatusCodes.Status405MethodNotAllowed;
        }
        return GrpcHeaders.IsGrpcContentType(request.ContentType) ? null : StatusCodes.Status415UnsupportedMediaType;
    }

    /// <summary>Null admits the call; its method, encoding and timeout are then known.</summary>
    public async ValueTask<GrpcStatus?> RefuseAsync(HttpContext context, long activeCalls, GrpcCallHead head)
    {
        string path = context.Request.Path.Value ?? "";
        bool known = table.TryGet(path, out GrpcMapping? mapping);
        GrpcMethodTraits traits = mapping?.Traits ?? GrpcMethodTraits.None;
        if (!traits.HasFlag(GrpcMethodTraits.WithoutKey) && await AskAuthorizersAsync(context) is { } refusal)
        {
            return refusal;
        }
        if (!traits.HasFlag(GrpcMethodTraits.WhileDraining) && serving.Phase == ServingPhase.Draining)
        {
            return new(GrpcStatusCode.Unavailable, "Cannot accept the call: the aggregator is shutting down. Try again.");
        }
        if (!known)
        {
            return new(GrpcStatusCode.Unimplemented, $"Cannot call {path}: the server has no such method.");
        }
        if (activeCalls > options.Value.StreamsMax)
        {
            context.Response.Headers[GrpcHeaders.RetryPushbackMs] = options.Value.RetryPushbackMs.ToString(CultureInfo.InvariantCulture);
            return new(GrpcStatusCode.ResourceExhausted,
                $"Cannot accept another call: {activeCalls - 1} are open, the limit Grpc:StreamsMax is {options.Value.StreamsMax}.");
        }
        head.Mapping = mapping;
        return ReadHeaders(context.Request, head);
    }

    private async ValueTask<GrpcStatus?> AskAuthorizersAsync(HttpContext context)
    {
        foreach (IGrpcAuthorizer authorizer in _authorizers)
        {
            if (await authorizer.AuthorizeAsync(context) is { } refusal)
            {
                return refusal;
            }
        }
        return null;
    }

    private static GrpcStatus? ReadHeaders(HttpRequest request, GrpcCallHead head)
    {
        string? encodingName = request.Headers[GrpcHeaders.Encoding];
        if (!GrpcCompression.TryResolve(encodingName, out GrpcEncoding encoding))
        {
            return new(GrpcStatusCode.Unimplemented, $"Cannot read messages compressed as '{encodingName}': accepted are {GrpcCompression.Accepted}.");
        }
        head.Encoding = encoding;
        string? timeoutText = request.Headers[GrpcHeaders.Timeout];
        if (timeoutText is null)
        {
            return null;
        }
        if (!GrpcTimeout.TryParse(timeoutText, out TimeSpan timeout))
        {
            return new(GrpcStatusCode.Internal, $"Cannot read grpc-timeout '{timeoutText}': it is at most eight digits and one of H, M, S, m, u, n.");
        }
        head.Timeout = timeout;
        return null;
    }
}

/// <summary>What the headers of an admitted call say.</summary>
internal sealed class GrpcCallHead
{
    public GrpcMapping? Mapping { get; set; }

    public GrpcEncoding Encoding { get; set; }

    public TimeSpan? Timeout { get; set; }
}
