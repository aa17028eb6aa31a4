using Google.Protobuf;
using Grpc.Core;
using Observability.Aggregator.Ingest;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>A stream's messages, put in by the test.</summary>
internal sealed class FakeSource(string peer) : IBatchSource
{
    private readonly Queue<byte[]> _messages = [];

    public string Peer { get; } = peer;

    public Status? AbortedWith { get; private set; }

    public void Add(TelemetryBatch batch) => _messages.Enqueue(batch.ToByteArray());

    public void Add(byte[] message) => _messages.Enqueue(message);

    public bool TryRead(out ReadOnlyMemory<byte> message)
    {
        bool any = _messages.TryDequeue(out byte[]? next);
        message = next;
        return any;
    }

    public void Abort(Status status) => AbortedWith = status;
}
