using System.Buffers;
using Grpc.Core;
using Observability.Aggregator.Ingest;
using Observability.Aggregator.Storage;

namespace Observability.Benchmarks.Ingest;

/// <summary>The aggregator's own path from a message in the pipe to the store: stream, shard, decoder, counters, rings. No transport.</summary>
internal sealed class AggregatorSide : IIngestSide
{
    private readonly IngestCounters _counters;
    private readonly Source[] _sources;
    private readonly IngestStream[] _streams;

    public AggregatorSide(int agents, int ringSamples)
    {
        TelemetryStore store = new(new StorageOptions { RingSamplesMax = ringSamples }, sessionId: 1);
        IngestShards shards = new(store, new IngestOptions(), new ConnectedAgents(), TimeProvider.System);
        _counters = new IngestCounters(shards);
        _sources = [.. Enumerable.Range(0, agents).Select(_ => new Source())];
        _streams = [.. _sources.Select(source => new IngestStream(shards, source, isExchange: true))];
    }

    public string Name => "aggregator";

    public long Stored => _counters.Received;

    public void Apply(int agent, in ReadOnlySequence<byte> message)
    {
        BatchMessage copy = BatchMessage.Copy(message);    // As the call's marshaller does.
        _sources[agent].Next = copy.Bytes;
        ValueTask turn = _streams[agent].ApplyAsync();
        if (!turn.IsCompletedSuccessfully || _streams[agent].Status is not null)
        {
            throw new InvalidOperationException($"Cannot apply a message of the benchmark: {_streams[agent].Status}.");
        }
        _streams[agent].Tally.Reset();
        copy.Release();
    }

    private sealed class Source : IBatchSource
    {
        public ReadOnlyMemory<byte> Next { get; set; }

        public string Peer => "benchmark";

        public bool TryRead(out ReadOnlyMemory<byte> message)
        {
            message = Next;
            Next = default;
            return !message.IsEmpty;
        }

        public void Abort(Status status) => throw new InvalidOperationException(status.Detail);
    }
}
