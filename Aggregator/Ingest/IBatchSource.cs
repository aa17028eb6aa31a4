using Grpc.Core;

namespace Observability.Aggregator.Ingest;

/// <summary>Where a stream's messages come from: a gRPC call, or a test. The boundary behind which ingestion knows no transport.</summary>
internal interface IBatchSource
{
    /// <summary>Who sends, as an operator would name it.</summary>
    string Peer { get; }

    /// <summary>Takes a message that is already here; it is valid until the next one is taken. Never waits.</summary>
    bool TryRead(out ReadOnlyMemory<byte> message);

    /// <summary>Ends the stream from outside. Any thread.</summary>
    void Abort(Status status);
}
