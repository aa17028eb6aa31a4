using System.IO.Hashing;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>All shards, which of them owns a source, and what the streams of all of them share.</summary>
internal sealed class IngestShards
{
    /// <summary>Streams that one thread serves in a row before it hands the shard to another.</summary>
    private const int StreamsPerTurnMax = 32;

    private readonly IngestShard[] _shards;
    /// <summary>Drawn at the start, so that no sender can choose names that collide.</summary>
    private readonly long _seed;
    private long _malformedFirst;

    public IngestShards(TelemetryStore store, IngestOptions options, ConnectedAgents agents, TimeProvider time)
    {
        Store = store;
        Options = options;
        Agents = agents;
        Time = time;
        _seed = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8));
        // Declared identities may run ahead of series, but not without bound.
        Budget = new SeriesBudget((int)Math.Min(int.MaxValue, 2L * store.Options.SeriesMax), options.SeriesPerNameMax, options.OverflowSeriesMax);
        int count = (int)BitOperations.RoundUpToPowerOf2((uint)(options.Shards > 0 ? options.Shards : Environment.ProcessorCount * 2));
        _shards = [.. Enumerable.Range(0, count).Select(_ => CreateShard())];
    }

    public TelemetryStore Store { get; }

    public IngestOptions Options { get; }

    public ConnectedAgents Agents { get; }

    public TimeProvider Time { get; }

    public SeriesBudget Budget { get; }

    public IReadOnlyList<IngestShard> All => _shards;

    /// <summary>First batches that do not even tell their source, so that no shard counts them.</summary>
    public long MalformedFirst => Volatile.Read(ref _malformedFirst);

    public void CountMalformedFirst() => Interlocked.Increment(ref _malformedFirst);

    public IngestShard Of(string service, string instance)
    {
        ulong hash = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(service), _seed);
        hash = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(instance), (long)hash);
        return _shards[hash & (uint)(_shards.Length - 1)];
    }

    /// <summary>Only within the shard's turn. Null at the limit on sources.</summary>
    public SourceOwner? Owner(IngestShard shard, string service, string instance) =>
        shard.Owner(Store, Budget, service, instance, () => new IdentityCache(2 * Store.Options.SeriesPerServiceMax, _seed));

    private IngestShard CreateShard()
    {
        BatchDecoder decoder = new(Options, Store.Options.HistogramBucketsMax);
        return new IngestShard(decoder, new BatchWriter(Store, decoder.Batch, Budget), StreamsPerTurnMax);
    }
}
