using Observability.Aggregator.Ingest;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>Store, decoder and writer as a shard has them, for one source and one stream.</summary>
internal sealed class DecoderBench
{
    public DecoderBench(StorageOptions? storage = null, IngestOptions? ingest = null, int identitiesMax = int.MaxValue)
    {
        Store = new TelemetryStore(storage ?? new StorageOptions(), sessionId: 1);
        Options = ingest ?? new IngestOptions();
        Decoder = new BatchDecoder(Options, Store.Options.HistogramBucketsMax);
        Writer = new BatchWriter(Store, Decoder.Batch, new SeriesBudget(identitiesMax, Options.SeriesPerNameMax, Options.OverflowSeriesMax));
        Source = Store.Catalog.OpenWriter("s", "i");
        Identities = new IdentityCache(identitiesMax, seed: 42);
        Refs = new RefTable(Options.RefsPerStreamMax);
    }

    public TelemetryStore Store { get; }
    public IngestOptions Options { get; }
    public BatchDecoder Decoder { get; }
    public BatchWriter Writer { get; }
    public SourceWriter Source { get; }
    public IdentityCache Identities { get; }
    public RefTable Refs { get; set; }

    /// <summary>Null when the batch is malformed; <see cref="BatchDecoder.Fault"/> then says why.</summary>
    public BatchOutcome? Apply(ReadOnlySpan<byte> message) =>
        Decoder.TryScan(message, Identities) && Writer.TryDeclare(message, Source, Identities, Refs, Decoder.Fault) ? Writer.Apply(message) : null;

    public BatchOutcome ApplyWhole(byte[] message) =>
        Apply(message) ?? throw new InvalidOperationException($"Cannot apply batch: {Decoder.Fault}.");
}
