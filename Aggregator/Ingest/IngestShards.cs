using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>All shards, and which of them owns a source.</summary>
internal sealed class IngestShards
{
    /// <summary>Streams that one thread serves in a row before it hands the shard to another.</summary>
    private const int StreamsPerTurnMax = 32;

    private readonly TelemetryStore _store;
    private readonly IngestShard[] _shards;
    private readonly SeriesBudget _budget;
    private readonly ulong _seed;

    public IngestShards(TelemetryStore store, IngestOptions options)
    {
        _store = store;
        _seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        // Declared identities may run ahead of series, but not without bound.
        _budget = new SeriesBudget((int)Math.Min(int.MaxValue, 2L * store.Options.SeriesMax), options.SeriesPerNameMax, options.OverflowSeriesMax);
        int count = (int)BitOperations.RoundUpToPowerOf2((uint)(options.Shards > 0 ? options.Shards : Environment.ProcessorCount * 2));
        _shards = [.. Enumerable.Range(0, count).Select(_ => Create(store, options))];
    }

    public IReadOnlyList<IngestShard> All => _shards;

    public SeriesBudget Budget => _budget;

    public IngestShard Of(string service, string instance)
    {
        ulong hash = SeededHash.Compute(Encoding.UTF8.GetBytes(service), _seed);
        hash = SeededHash.Compute(Encoding.UTF8.GetBytes(instance), hash);
        return _shards[hash & (uint)(_shards.Length - 1)];
    }

    /// <summary>Only within the shard's turn. Null at the limit on sources.</summary>
    public SourceOwner? Owner(IngestShard shard, string service, string instance) =>
        shard.Owner(_store, _budget, service, instance, () => new IdentityCache(2 * _store.Options.SeriesPerServiceMax, _seed));

    private IngestShard Create(TelemetryStore store, IngestOptions options)
    {
        BatchDecoder decoder = new(options, store.Options.HistogramBucketsMax);
        return new IngestShard(decoder, new BatchWriter(store, decoder.Batch, _budget), StreamsPerTurnMax);
    }
}
