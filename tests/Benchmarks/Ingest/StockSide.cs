using System.Buffers;
using Observability.Protocol.V1;
using Observability.Stress.Load;

namespace Observability.Benchmarks.Ingest;

/// <summary>The stock implementation of tests/Stress, straight from the pipe, without its lock.</summary>
internal sealed class StockSide(int agents, int ringSamples) : IIngestSide
{
    private readonly StockStore _store = new(ringSamples);
    private readonly StockStore.Session[] _sessions = [.. Enumerable.Range(0, agents).Select(_ => new StockStore.Session())];

    public string Name => "stock";

    public long Stored => _store.Stored;

    public void Apply(int agent, in ReadOnlySequence<byte> message) => _store.ApplyAlone(_sessions[agent], TelemetryBatch.Parser.ParseFrom(message));
}
