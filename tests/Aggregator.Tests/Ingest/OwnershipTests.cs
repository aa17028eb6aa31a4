using Grpc.Core;
using Observability.Aggregator.Ingest;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

public sealed class OwnershipTests
{
    private readonly IngestBench _bench = new();

    [Fact]
    public async Task Claim_ByAnotherLiveSession_IsRefusedNamingThePeer()
    {
        BenchStream first = _bench.Open("10.0.0.1:1111");
        await first.SendAsync(IngestBench.Batch(session: 1, sequence: 1, 10));
        BenchStream second = _bench.Open("10.0.0.2:2222");
        await second.SendAsync(IngestBench.Batch(session: 2, sequence: 1, 20));

        Assert.Equal(StatusCode.AlreadyExists, second.Code);
        Assert.Contains("10.0.0.1:1111", second.Detail, StringComparison.Ordinal);
        Assert.True(second.Stream.AskToWait);
        Assert.Equal(1, _bench.Counters.Conflicts);
        OwnerConflict conflict = Assert.Single(_bench.Shards.Agents.Conflicts());
        Assert.Equal(("10.0.0.2:2222", "10.0.0.1:1111"), (conflict.RefusedPeer, conflict.OwnerPeer));

        await first.SendAsync(IngestBench.Batch(session: 1, sequence: 2, 11));
        Assert.Null(first.Code);
        Assert.Equal([10, 11], _bench.Gauges());
    }

    [Fact]
    public async Task Claim_OnceTheFirstStreamHasClosed_IsGranted()
    {
        BenchStream first = _bench.Open();
        await first.SendAsync(IngestBench.Batch(session: 1, sequence: 1, 10));
        await first.Stream.CloseAsync();
        BenchStream second = _bench.Open();
        await second.SendAsync(IngestBench.Batch(session: 2, sequence: 1, 20));

        Assert.Null(second.Code);
        Assert.Equal([10, 20], _bench.Gauges());
    }

    [Fact]
    public async Task Claim_BySameSession_TakesOverAndEndsTheOldStream()
    {
        BenchStream old = _bench.Open("old");
        await old.SendAsync(IngestBench.Batch(session: 1, sequence: 1, 10));
        BenchStream next = _bench.Open("next");
        await next.SendAsync(IngestBench.Batch(session: 1, sequence: 1, 10), IngestBench.Batch(session: 1, sequence: 2, 11));
        await old.SendAsync(IngestBench.Batch(session: 1, sequence: 3, 12));

        Assert.Equal(StatusCode.Aborted, old.Source.AbortedWith?.StatusCode);
        Assert.Equal(StatusCode.Aborted, old.Code);
        Assert.Null(next.Code);
        Assert.Equal((2UL, 1L), (next.Tally.Sequence, next.Tally.Received));
        Assert.Equal([10, 11], _bench.Gauges());    // Nothing twice, nothing of the old stream after the takeover.

        await old.Stream.CloseAsync();
        await next.SendAsync(IngestBench.Batch(session: 1, sequence: 3, 12));
        Assert.Null(next.Code);
        Assert.Equal([10, 11, 12], _bench.Gauges());
    }

    [Fact]
    public async Task Claim_WhenTheLiveSessionHasFallenSilent_IsGranted()
    {
        BenchStream silent = _bench.Open("silent");
        await silent.SendAsync(IngestBench.Batch(session: 1, sequence: 1, 10));
        _bench.Time.Advance(TimeSpan.FromSeconds(15));
        BenchStream early = _bench.Open("early");
        await early.SendAsync(IngestBench.Batch(session: 2, sequence: 1, 20));
        Assert.Equal(StatusCode.AlreadyExists, early.Code);

        _bench.Time.Advance(TimeSpan.FromMilliseconds(1));
        BenchStream late = _bench.Open("late");
        await late.SendAsync(IngestBench.Batch(session: 3, sequence: 1, 30));
        Assert.Null(late.Code);
        Assert.Equal(StatusCode.Aborted, silent.Source.AbortedWith?.StatusCode);
    }

    [Fact]
    public async Task Streams_WithoutASession_ShareTheirSource()
    {
        BenchStream first = _bench.Open();
        BenchStream second = _bench.Open();
        BenchStream numbered = _bench.Open();
        await first.SendAsync(IngestBench.Batch(values: 1));
        await second.SendAsync(IngestBench.Batch(values: 2));
        await numbered.SendAsync(IngestBench.Batch(session: 7, sequence: 1, 3));
        await first.SendAsync(IngestBench.Batch(values: 4));

        Assert.Equal((null, null, null), (first.Code, second.Code, numbered.Code));
        Assert.Equal([1, 2, 3, 4], _bench.Gauges());
        Assert.Equal(1, _bench.Store.SeriesCount);
        Assert.Equal(3, _bench.Shards.Agents.Count);
    }

    [Fact]
    public async Task Streams_OfOtherInstances_DoNotConflict()
    {
        BenchStream first = _bench.Open();
        await first.SendAsync(IngestBench.Batch(session: 1, sequence: 1, 10));
        TelemetryBatch other = IngestBench.Batch(session: 2, sequence: 1, 20);
        other.Instance = "a-2";
        BenchStream second = _bench.Open();
        await second.SendAsync(other);

        Assert.Null(second.Code);
        Assert.Equal(2, _bench.Store.Sources.Count);
    }

    [Fact]
    public async Task Batch_WithoutIdentity_BelongsToTheStreamsSource()
    {
        BenchStream stream = _bench.Open();
        TelemetryBatch later = IngestBench.Batch(values: 2);
        later.Service = later.Instance = "";
        await stream.SendAsync(IngestBench.Batch(values: 1), later);

        Assert.Null(stream.Code);
        Assert.Equal([1, 2], _bench.Gauges());
    }

    [Theory]
    [InlineData("payment", "a-1", "service is not 'checkout', to which the stream belongs")]
    [InlineData("checkout", "a-2", "instance is not 'a-1', to which the stream belongs")]
    public async Task Batch_OfAnotherIdentity_IsMalformed(string service, string instance, string expected)
    {
        BenchStream stream = _bench.Open();
        TelemetryBatch other = IngestBench.Batch(values: 2);
        (other.Service, other.Instance) = (service, instance);
        await stream.SendAsync(IngestBench.Batch(values: 1), other);

        Assert.Equal(StatusCode.InvalidArgument, stream.Code);
        Assert.Contains(expected, stream.Detail, StringComparison.Ordinal);
        Assert.Equal([1], _bench.Gauges());
        Assert.Equal(1, _bench.Counters.Malformed);
    }

    [Fact]
    public async Task FirstBatch_WithoutService_IsMalformed()
    {
        BenchStream stream = _bench.Open();
        TelemetryBatch batch = IngestBench.Batch(values: 1);
        batch.Service = "";
        await stream.SendAsync(batch);

        Assert.Equal(StatusCode.InvalidArgument, stream.Code);
        Assert.Equal("Cannot apply the stream's first batch: service is missing in the stream's first batch. Nothing of it was applied.", stream.Detail);
        Assert.Equal(1, _bench.Counters.Malformed);
        await stream.Stream.CloseAsync();
    }

    [Fact]
    public async Task Open_PastTheLimitOnSources_IsResourceExhaustedAndRecovers()
    {
        IngestBench bench = new(new() { SourcesMax = 1 });
        BenchStream first = bench.Open();
        await first.SendAsync(IngestBench.Batch(values: 1));
        TelemetryBatch other = IngestBench.Batch(values: 2);
        other.Instance = "a-2";
        BenchStream second = bench.Open();
        await second.SendAsync(other);
        await second.Stream.CloseAsync();

        Assert.Equal(StatusCode.ResourceExhausted, second.Code);
        Assert.Contains("Storage:SourcesMax", second.Detail, StringComparison.Ordinal);
        Assert.True(second.Stream.AskToWait);
        BenchStream known = bench.Open();
        await known.SendAsync(IngestBench.Batch(values: 3));
        Assert.Null(known.Code);
    }

    [Fact]
    public async Task Close_OfTheLastStream_ForgetsWhatWasOnlyDeclared()
    {
        BenchStream stream = _bench.Open();
        TelemetryBatch batch = IngestBench.Batch(values: 1);
        batch.Metrics.Add(new Metric { Name = "declared_only", SeriesRef = 1 });
        await stream.SendAsync(batch);
        Assert.Equal(2, _bench.Shards.Budget.Identities.Count);
        await stream.Stream.CloseAsync();

        Assert.Equal(1, _bench.Shards.Budget.Identities.Count);
        Assert.Equal(0, _bench.Shards.Agents.Count);
    }

    /// <summary>Unnumbered streams of one source from several threads: the shard puts them one after another.</summary>
    [Fact]
    public async Task Streams_FromManyThreads_LoseNothingAndTearNothing()
    {
        const int Streams = 4;
        const int Batches = 500;
        IngestBench bench = new(new() { RingSamplesMax = 8192 }, new IngestOptions { Shards = 1, BatchesPerTurnMax = 3 });
        await Task.WhenAll(Enumerable.Range(0, Streams).Select(number => Task.Run(async () =>
        {
            BenchStream stream = bench.Open($"peer {number}");
            for (int i = 0; i < Batches; i++)
            {
                await stream.SendAsync(IngestBench.Batch(values: (number * Batches) + i));
                await stream.Stream.ApplyAsync();
            }
            Assert.Null(stream.Code);
            await stream.Stream.CloseAsync();
        })));

        Assert.Equal(Streams * Batches, bench.Counters.Received);
        Assert.Equal(Enumerable.Range(0, Streams * Batches).Select(value => (double)value), bench.Gauges().Order());
        Assert.Equal(0, bench.Shards.Agents.Count);
    }
}
