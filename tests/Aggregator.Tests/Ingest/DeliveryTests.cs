using Grpc.Core;
using Observability.Aggregator.Ingest;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>Each numbered batch once, replayed ones outside received, malformed ones not at all; and every sample counted somewhere.</summary>
public sealed class DeliveryTests
{
    private readonly IngestBench _bench = new();

    [Fact]
    public async Task Batch_ThatComesAgain_IsAcknowledgedAndCountedAsDuplicate()
    {
        BenchStream stream = _bench.Open();
        await stream.SendAsync(IngestBench.Batch(1, 1, 10, 11), IngestBench.Batch(1, 2, 12), IngestBench.Batch(1, 1, 10, 11), IngestBench.Batch(1, 2, 12));

        Assert.Equal([10, 11, 12], _bench.Gauges());
        Assert.Equal((3L, 3L), (_bench.Counters.Received, _bench.Counters.Duplicates));
        Assert.Equal((4, 3L, 2UL), (stream.Tally.Batches, stream.Tally.Received, stream.Tally.Sequence));
        Assert.Equal(3, _bench.Store.Sources[0].Duplicates);
    }

    [Fact]
    public async Task Batch_AfterAGap_IsAppliedAndTheGapIsCounted()
    {
        BenchStream stream = _bench.Open();
        await stream.SendAsync(IngestBench.Batch(1, 5, 10), IngestBench.Batch(1, 9, 11), IngestBench.Batch(1, 7, 12));

        Assert.Equal([10, 11], _bench.Gauges());    // 7 lies before 9: streams are in order, so it was applied or dropped.
        Assert.Equal(3, _bench.Counters.SkippedSequences);
        Assert.Equal(9UL, stream.Tally.Sequence);
    }

    [Fact]
    public async Task Session_ThatComesBackAfterAnother_KeepsItsMark()
    {
        foreach (ulong session in (ulong[])[1, 2, 1])
        {
            BenchStream stream = _bench.Open();
            await stream.SendAsync(IngestBench.Batch(session, 1, session));
            await stream.Stream.CloseAsync();
        }
        Assert.Equal([1, 2], _bench.Gauges());
        Assert.Equal(1, _bench.Counters.Duplicates);
    }

    [Fact]
    public async Task Hello_IsAnsweredWithTheMarkOfItsSession()
    {
        BenchStream first = _bench.Open();
        await first.SendAsync(IngestBench.Batch(1, 41, 10));
        await first.Stream.CloseAsync();
        BenchStream second = _bench.Open();
        await second.SendAsync(new TelemetryBatch
        {
            Service = "checkout", Instance = "a-1", SessionId = 1, SentAtNs = 77, Metrics = { new Metric { Name = "rps", SeriesRef = 1 } },
        });
        Assert.Equal((1, 41UL, 77UL), (second.Tally.Batches, second.Tally.Sequence, second.Tally.SentAtNs));

        BenchStream other = _bench.Open();
        await other.SendAsync(new TelemetryBatch { Service = "checkout", Instance = "a-2", SessionId = 5 });
        Assert.Equal((1, 0UL), (other.Tally.Batches, other.Tally.Sequence));
    }

    [Fact]
    public async Task Replay_IsStoredOnceOutsideReceivedAndDoesNotMoveTheMark()
    {
        BenchStream stream = _bench.Open();
        await stream.SendAsync(Replayed(3, 10), Replayed(4, 11), IngestBench.Batch(1, 5, 12), Replayed(4, 11), Replayed(5, 12));

        Assert.Equal([10, 11, 12], _bench.Gauges());
        Assert.Equal((1L, 2L, 2L), (_bench.Counters.Received, _bench.Counters.Replayed, _bench.Counters.Duplicates));
        Assert.Equal((1L, 5UL), (stream.Tally.Received, stream.Tally.Sequence));
        Assert.Equal(2, _bench.Store.Sources[0].Replayed);
    }

    [Fact]
    public async Task Replay_OfWhatTheHistoryReadBackHolds_IsNotStoredTwice()
    {
        _bench.Store.Catalog.OpenWriter("checkout", "a-1").RestoredUntilNs = 1_011;
        BenchStream stream = _bench.Open();
        await stream.SendAsync(Replayed(3, 10), Replayed(4, 11, 12), IngestBench.Batch(1, 5, 9));

        Assert.Equal([12, 9], _bench.Gauges());
        Assert.Equal((1L, 1L, 0L), (_bench.Counters.Received, _bench.Counters.Replayed, _bench.Counters.Rejected));
    }

    [Fact]
    public async Task Replay_BeforeAnyLiveBatch_LeavesTheMarkAtZero()
    {
        BenchStream stream = _bench.Open();
        await stream.SendAsync(Replayed(100, 10));
        Assert.Equal((1, 0UL, 0L), (stream.Tally.Batches, stream.Tally.Sequence, stream.Tally.Received));
        await stream.SendAsync(IngestBench.Batch(1, 101, 11));
        Assert.Equal(101UL, stream.Tally.Sequence);
    }

    [Fact]
    public async Task Sequence_WithoutASession_IsMalformed()
    {
        BenchStream stream = _bench.Open();
        await stream.SendAsync(IngestBench.Batch(session: 0, sequence: 3, 10));

        Assert.Equal(StatusCode.InvalidArgument, stream.Code);
        Assert.Equal("Cannot apply batch 3 of checkout/a-1: session_id is missing beside sequence. Nothing of it was applied.", stream.Detail);
    }

    [Fact]
    public async Task Session_ThatChangesWithinAStream_IsMalformed()
    {
        BenchStream stream = _bench.Open();
        await stream.SendAsync(IngestBench.Batch(1, 1, 10), IngestBench.Batch(2, 1, 11));

        Assert.Equal(StatusCode.InvalidArgument, stream.Code);
        Assert.Equal([10], _bench.Gauges());
    }

    [Fact]
    public async Task MalformedBatch_AppliesNothingAndEarlierOnesStay()
    {
        BenchStream stream = _bench.Open();
        TelemetryBatch malformed = IngestBench.Batch(1, 2, 11, 12);
        malformed.Metrics.Add(new Metric { Name = "latency", Samples = { new MetricSample { TimestampNs = 1 } } });
        await stream.SendAsync(IngestBench.Batch(1, 1, 10), malformed);

        Assert.Equal(StatusCode.InvalidArgument, stream.Code);
        Assert.Equal(
            "Cannot apply batch 2 of checkout/a-1: metrics[1].samples[0].value is missing: one of gauge, counter, histogram is expected. Nothing of it was applied.",
            stream.Detail);
        Assert.Equal([10], _bench.Gauges());
        Assert.Equal((1UL, 1L, 1L), (stream.Tally.Sequence, stream.Tally.Received, _bench.Counters.Malformed));

        // The sender drops it, and goes on with the next number on a new stream.
        await stream.Stream.CloseAsync();
        BenchStream next = _bench.Open();
        await next.SendAsync(IngestBench.Batch(1, 3, 13));
        Assert.Equal([10, 13], _bench.Gauges());
    }

    [Fact]
    public async Task RefDeclaredAgain_WithAnotherIdentity_IsMalformedAndTakesBackTheBatchsDeclarations()
    {
        BenchStream stream = _bench.Open();
        await stream.SendAsync(Declare(("a", 1)));
        TelemetryBatch batch = Declare(("b", 2), ("other", 1));
        batch.Metrics[0].Samples.Add(new MetricSample { TimestampNs = 5, Gauge = 1 });
        await stream.SendAsync(batch);

        Assert.Equal(StatusCode.InvalidArgument, stream.Code);
        Assert.Contains("metrics[1].series_ref declares ref 1 again with another name or other labels", stream.Detail, StringComparison.Ordinal);
        Assert.Equal(0, _bench.Store.SeriesCount);
    }

    [Fact]
    public async Task RefDeclaredAgain_WithTheSameIdentity_IsFine()
    {
        BenchStream stream = _bench.Open();
        TelemetryBatch again = Declare(("a", 1));
        again.Metrics[0].Unit = "ms";
        await stream.SendAsync(Declare(("a", 1)), again, Tick(1, 5.5));

        Assert.Null(stream.Code);
        Assert.Equal([5.5], _bench.Gauges("a"));
        Assert.Equal("ms", _bench.Store.SeriesById(1)!.Unit);
    }

    [Fact]
    public async Task DuplicateBatch_OnANewStream_StillDeclaresItsRefs()
    {
        TelemetryBatch declaring = Declare(("a", 1));
        (declaring.SessionId, declaring.Sequence) = (1, 1);
        BenchStream first = _bench.Open();
        await first.SendAsync(declaring);
        await first.Stream.CloseAsync();
        BenchStream second = _bench.Open();
        await second.SendAsync(declaring, Tick(1, 5));

        Assert.Equal([5], _bench.Gauges("a"));
        Assert.Equal(0, second.Tally.Rejected);
    }

    [Fact]
    public async Task Tick_WithAnUnknownRef_IsRejectedByItsValuesOnly()
    {
        BenchStream stream = _bench.Open();
        await stream.SendAsync(Declare(("a", 1), ("b", 2)), Tick(1, 1, 2, 3), Tick(0, 9), Tick(uint.MaxValue, 8, 7));

        Assert.Null(stream.Code);
        Assert.Equal((2L, 4L, RejectReason.UnknownRef), (stream.Tally.Received, stream.Tally.Rejected, stream.Tally.FirstReason));
        IReadOnlyDictionary<string, long> reasons = _bench.Counters.RejectedByReason();
        Assert.Equal((3L, 1L), (reasons["unknown_ref"], reasons["ref_limit"]));
    }

    [Fact]
    public async Task AnotherKind_ForAnExistingSeries_IsRejectedAndTold()
    {
        BenchStream stream = _bench.Open();
        TelemetryBatch counter = IngestBench.Batch();
        counter.Metrics[0].Samples.Add(new MetricSample { TimestampNs = 1, Counter = 5 });
        await stream.SendAsync(IngestBench.Batch(values: 1), counter);

        Assert.Null(stream.Code);
        Assert.Equal((1L, 1L, RejectReason.KindMismatch), (stream.Tally.Received, stream.Tally.Rejected, stream.Tally.FirstReason));
        Assert.Equal(1, _bench.Store.Sources[0].Rejected);
    }

    [Fact]
    public async Task Report_IsKeptWithItsAgent()
    {
        BenchStream stream = _bench.Open("10.1.1.1:1");
        TelemetryBatch batch = IngestBench.Batch(1, 1, 10);
        batch.PushIntervalMs = 20;
        batch.Report = new AgentReport { Recorded = 5, ClockOffsetNs = -3_000, Dropped = { ["buffer_full"] = 2 } };
        await stream.SendAsync(batch);

        ConnectedAgent agent = Assert.Single(_bench.Shards.Agents.Snapshot());
        Assert.Equal(("10.1.1.1:1", 1UL, 1UL, batch.Report), (agent.Peer, agent.SessionId, agent.Sequence, agent.Report));
        Assert.Equal((20, -3_000L), (agent.Source.PushIntervalMs, agent.Source.ClockOffsetNs));
    }

    [Fact]
    public async Task Report_PastItsLimit_IsIgnoredAndCounted()
    {
        IngestBench bench = new(ingest: new IngestOptions { ReportBytesMax = 64 });
        BenchStream stream = bench.Open();
        TelemetryBatch batch = IngestBench.Batch(1, 1, 10);
        batch.Report = new AgentReport { Sdk = new string('x', 62) };
        Assert.Equal(64, batch.Report.CalculateSize());
        await stream.SendAsync(batch);
        Assert.NotNull(bench.Shards.Agents.Snapshot()[0].Report);
        batch.Report.Sdk += "y";
        batch.Sequence = 2;
        await stream.SendAsync(batch);

        Assert.Equal(1, bench.Counters.ReportsIgnored);
        Assert.Equal(62, bench.Shards.Agents.Snapshot()[0].Report!.Sdk.Length);
        Assert.Equal(2, bench.Counters.Received);
    }

    private static TelemetryBatch Replayed(ulong sequence, params double[] values)
    {
        TelemetryBatch batch = IngestBench.Batch(1, sequence, values);
        batch.Replay = true;
        return batch;
    }

    private static TelemetryBatch Declare(params (string Name, uint Ref)[] refs)
    {
        TelemetryBatch batch = new() { Service = "checkout", Instance = "a-1" };
        batch.Metrics.Add(refs.Select(pair => new Metric { Name = pair.Name, SeriesRef = pair.Ref }));
        return batch;
    }

    private static TelemetryBatch Tick(uint firstRef, params double[] values) =>
        new() { Ticks = { new Tick { TimestampNs = 100, FirstRef = firstRef, Gauges = { values } } } };
}
