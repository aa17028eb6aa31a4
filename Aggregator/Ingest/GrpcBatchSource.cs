using System.Buffers;
using Observability.Aggregator.Grpc;
using Observability.Protocol;

namespace Observability.Aggregator.Ingest;

internal sealed class GrpcBatchSource(GrpcServerCall call) : IBatchSource
{
    public string Peer { get; } = call.Peer;

    public bool TryRead(out ReadOnlySequence<byte> message) => call.TryRead(out message);

    public void Abort(GrpcStatus status) => call.Abort(status);
}
