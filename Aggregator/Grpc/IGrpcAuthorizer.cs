using Observability.Protocol;

namespace Observability.Aggregator.Grpc;

/// <summary>Decides whether a call may run. Every registered one must allow it; the health Check alone is not asked for.</summary>
public interface IGrpcAuthorizer
{
    /// <summary>Null allows; a status refuses the call before its method runs.</summary>
    ValueTask<GrpcStatus?> AuthorizeAsync(HttpContext context);
}
