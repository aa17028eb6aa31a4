using Observability.Protocol;

namespace Observability.Aggregator.Grpc;

/// <summary>
/// Serves one call and returns its status. A <see cref="GrpcException"/> may be thrown for it too; any other exception is logged, counted
/// and answered with UNKNOWN.
/// </summary>
public delegate ValueTask<GrpcStatus> GrpcMethod(GrpcServerCall call);
