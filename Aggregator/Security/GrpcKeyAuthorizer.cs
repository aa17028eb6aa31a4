using Observability.Aggregator.Grpc;
using Observability.Protocol;

namespace Observability.Aggregator.Security;

/// <summary>Asks every gRPC call for a key of TELEMETRY_API_KEYS in its metadata.</summary>
internal sealed class GrpcKeyAuthorizer(SecuritySettings settings) : IGrpcAuthorizer
{
    public ValueTask<GrpcStatus?> AuthorizeAsync(HttpContext context)
    {
        string? presented = context.Request.Headers[AccessMiddleware.ApiKeyHeader];
        if (settings.IngestKeys.Allows(presented))
        {
            return ValueTask.FromResult<GrpcStatus?>(null);
        }
        string detail = string.IsNullOrEmpty(presented)
            ? $"Cannot accept the call: metadata '{AccessMiddleware.ApiKeyHeader}' is missing. Send a key of {SecuritySettings.ApiKeysName}."
            : $"Cannot accept the call: the key in '{AccessMiddleware.ApiKeyHeader}' is none of {SecuritySettings.ApiKeysName}.";
        return ValueTask.FromResult<GrpcStatus?>(new GrpcStatus(GrpcStatusCode.Unauthenticated, detail));
    }
}
