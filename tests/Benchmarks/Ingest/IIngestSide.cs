using System.Buffers;

namespace Observability.Benchmarks.Ingest;

/// <summary>One of the two that are compared: takes the messages of many agents, and stores their samples.</summary>
internal interface IIngestSide
{
    string Name { get; }

    /// <summary>Samples stored so far.</summary>
    long Stored { get; }

    void Apply(int agent, in ReadOnlySequence<byte> message);
}
