using Grpc.Core;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Ingest;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>The two methods over real HTTP/2, in the real program.</summary>
public sealed class IngestEndpointTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task StreamTelemetry_WhenTheClientEnds_AnswersOneAckForAll()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using TelemetryClient client = Open(aggregator);
        using TelemetryCall call = client.Open("StreamTelemetry", Token);
        for (int i = 0; i < 5; i++)
        {
            await call.WriteAsync(IngestBench.Batch(values: [i, i + 100]));
        }
        await call.CompleteAsync();

        Ack ack = await call.ReadAsync();
        Assert.Equal((10UL, 0UL, 0UL), (ack.Received, ack.Rejected, ack.Sequence));
        Assert.Equal(aggregator.Get<TelemetryStore>().SessionId, ack.ServerSessionId);
        Assert.Equal(StatusCode.OK, (await call.EndAsync()).StatusCode);
        Assert.Equal(0, call.AcksLeft);
    }

    [Fact]
    public async Task Exchange_NumberedBatches_AreAcknowledgedAsTheyAreApplied()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using TelemetryClient client = Open(aggregator);
        using TelemetryCall call = client.Open("Exchange", Token);
        for (ulong sequence = 1; sequence <= 3; sequence++)
        {
            TelemetryBatch batch = IngestBench.Batch(9, sequence, sequence);
            batch.SentAtNs = sequence * 1000;
            await call.WriteAsync(batch);
            Ack ack = await call.ReadAsync();
            Assert.Equal((1UL, sequence, sequence * 1000), (ack.Received, ack.Sequence, ack.EchoSentAtNs));
        }
        Assert.Equal(3, aggregator.Get<IngestCounters>().Received);
        Assert.Equal(1, aggregator.Get<IngestCounters>().StreamsOpen);
        await call.CompleteAsync();
        Assert.Equal(StatusCode.OK, (await call.EndAsync()).StatusCode);
    }

    [Fact]
    public async Task Exchange_SenderThatPushesByTheClock_IsAcknowledgedOnceAnIntervalAndWhenItFallsSilent()
    {
        const ulong Batches = 60;
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Ingest:AckIntervalMs=500");
        using TelemetryClient client = Open(aggregator);
        using TelemetryCall call = client.Open("Exchange", Token);
        for (ulong sequence = 1; sequence <= Batches; sequence++)
        {
            await call.WriteAsync(Pushed(sequence));
        }
        ulong received = 0;
        int acks = 0;
        for (ulong acknowledged = 0; acknowledged < Batches; acks++)
        {
            Ack ack = await call.ReadAsync();
            Assert.InRange(ack.Sequence, acknowledged + 1, Batches);
            acknowledged = ack.Sequence;
            received += ack.Received;
        }
        Assert.Equal(Batches, received);
        Assert.InRange(acks, 1, (int)Batches / 3);
        await call.CompleteAsync();
        Assert.Equal(StatusCode.OK, (await call.EndAsync()).StatusCode);
    }

    [Fact]
    public async Task Exchange_SenderThatEndsWhileAnAckIsOwed_GetsItBeforeTheStatus()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Ingest:AckIntervalMs=5000");
        using TelemetryClient client = Open(aggregator);
        using TelemetryCall call = client.Open("Exchange", Token);
        await call.WriteAsync(Pushed(1));
        Assert.Equal(1UL, (await call.ReadAsync()).Sequence);
        await call.WriteAsync(Pushed(2));
        await call.CompleteAsync();

        Assert.Equal(2UL, (await call.ReadAsync()).Sequence);
        Assert.Equal(StatusCode.OK, (await call.EndAsync()).StatusCode);
    }

    private static TelemetryBatch Pushed(ulong sequence)
    {
        TelemetryBatch batch = IngestBench.Batch(9, sequence, sequence);
        batch.PushIntervalMs = 20;
        return batch;
    }

    [Fact]
    public async Task Exchange_PastTheStreamsOfAKey_IsRefusedUntilOneEnds()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Ingest:StreamsPerKeyMax=1", "Ingest:RetryPushbackMs=77", "TELEMETRY_API_KEYS=one,two");
        using TelemetryClient ofOne = Open(aggregator, "one");
        using TelemetryClient ofTwo = Open(aggregator, "two");
        using TelemetryCall first = ofOne.Open("Exchange", Token);
        await first.WriteAsync(IngestBench.Batch(1, 1, 1));
        await first.ReadAsync();

        using TelemetryCall past = ofOne.Open("Exchange", Token);
        Status status = await past.EndAsync();
        Assert.Equal(StatusCode.ResourceExhausted, status.StatusCode);
        Assert.Contains("Ingest:StreamsPerKeyMax", status.Detail, StringComparison.Ordinal);
        Assert.Equal("77", past.Trailers.GetValue("grpc-retry-pushback-ms"));

        using TelemetryCall other = ofTwo.Open("Exchange", Token);
        await other.WriteAsync(IngestBench.Batch(1, 2, 2));
        await other.ReadAsync();

        await first.CompleteAsync();
        await first.EndAsync();
        StatusCode again;
        do
        {
            // The former stream is closed a moment after its client knows.
            using TelemetryCall next = ofOne.Open("StreamTelemetry", Token);
            await next.CompleteAsync();
            again = (await next.EndAsync()).StatusCode;
        }
        while (again != StatusCode.OK);
    }

    [Fact]
    public async Task Exchange_PastTheRateOfAKey_RejectsTellsHowLongToWaitAndRecovers()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Ingest:SamplesPerSecondPerKeyMax=100");
        using TelemetryClient client = Open(aggregator);
        using TelemetryCall call = client.Open("Exchange", Token);
        double[] values = [.. Enumerable.Range(1, 250).Select(i => (double)i)];
        await call.WriteAsync(IngestBench.Batch(9, 1, values));
        Assert.Equal(250UL, (await call.ReadAsync()).Received);
        await call.WriteAsync(IngestBench.Batch(9, 2, 1));
        Ack limited = await call.ReadAsync();
        Assert.Equal((0UL, 1UL, 2UL), (limited.Received, limited.Rejected, limited.Sequence));
        Assert.Contains("Ingest:SamplesPerSecondPerKeyMax", limited.Message, StringComparison.Ordinal);
        Assert.InRange(limited.RetryAfterMs, 1U, 1501U);
        Assert.Equal(1, aggregator.Get<IngestCounters>().RejectedByReason()["rate_limit"]);

        ulong sequence = 2;
        Ack ack;
        do
        {
            await call.WriteAsync(IngestBench.Batch(9, ++sequence, 1));
            ack = await call.ReadAsync();
        }
        while (ack.Received == 0);
    }

    [Fact]
    public async Task Exchange_RejectedSamples_AreToldWithTheFirstReason()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Storage:SeriesMax=1");
        using TelemetryClient client = Open(aggregator);
        using TelemetryCall call = client.Open("Exchange", Token);
        TelemetryBatch batch = IngestBench.Batch(9, 1, 1);
        batch.Metrics.Add(new Metric { Name = "second", Samples = { new MetricSample { TimestampNs = 5, Gauge = 1 } } });
        await call.WriteAsync(batch);

        Ack ack = await call.ReadAsync();
        Assert.Equal((1UL, 1UL), (ack.Received, ack.Rejected));
        Assert.Equal("Cannot apply sample: 1 series are the limit (Storage:SeriesMax).", ack.Message);
    }

    [Fact]
    public async Task Exchange_MalformedBatch_AcknowledgesWhatCameBeforeAndEndsWithThePath()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using TelemetryClient client = Open(aggregator);
        using TelemetryCall call = client.Open("Exchange", Token);
        await call.WriteAsync(IngestBench.Batch(9, 1, 1));
        TelemetryBatch bad = IngestBench.Batch(9, 2, 2);
        bad.Metrics[0].Name = "";
        await call.WriteAsync(bad);

        Assert.Equal(1UL, (await call.ReadAsync()).Sequence);
        Status status = await call.EndAsync();
        Assert.Equal(StatusCode.InvalidArgument, status.StatusCode);
        Assert.Contains("metrics[0].name is missing", status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exchange_SecondLiveSession_IsRefusedWithPushback()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Ingest:RetryPushbackMs=1234");
        using TelemetryClient client = Open(aggregator);
        using TelemetryCall first = client.Open("Exchange", Token);
        await first.WriteAsync(IngestBench.Batch(1, 1, 1));
        await first.ReadAsync();
        using TelemetryCall second = client.Open("Exchange", Token);
        await second.WriteAsync(IngestBench.Batch(2, 1, 1));

        Status status = await second.EndAsync();
        Assert.Equal(StatusCode.AlreadyExists, status.StatusCode);
        Assert.Contains("127.0.0.1:", status.Detail, StringComparison.Ordinal);
        Assert.Equal("1234", second.Trailers.GetValue("grpc-retry-pushback-ms"));
    }

    [Fact]
    public async Task Exchange_SameSessionAgain_TakesOverAndAbortsTheOldCall()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using TelemetryClient client = Open(aggregator);
        using TelemetryCall old = client.Open("Exchange", Token);
        await old.WriteAsync(IngestBench.Batch(1, 1, 1));
        await old.ReadAsync();
        using TelemetryCall next = client.Open("Exchange", Token);
        await next.WriteAsync(IngestBench.Batch(1, 2, 2));

        Assert.Equal(2UL, (await next.ReadAsync()).Sequence);
        Assert.Equal(StatusCode.Aborted, (await old.EndAsync()).StatusCode);
    }

    [Fact]
    public async Task Exchange_WhenTheServerDrains_EndsUnavailableAndTheDrainReturns()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using TelemetryClient client = Open(aggregator);
        using TelemetryCall call = client.Open("Exchange", Token);
        await call.WriteAsync(IngestBench.Batch(1, 1, 1));
        await call.ReadAsync();
        aggregator.Get<ServingState>().MoveTo(ServingPhase.Draining);

        Assert.Equal(StatusCode.Unavailable, (await call.EndAsync()).StatusCode);
        IDrain drain = aggregator.Get<IEnumerable<IDrain>>().First(one => one.Name == "ingestion");
        await drain.DrainAsync(Token).WaitAsync(TimeSpan.FromSeconds(10), Token);
        Assert.Equal(0, aggregator.Get<IngestCounters>().StreamsOpen);
    }

    [Fact]
    public async Task Exchange_BatchOfManySegments_IsApplied()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using TelemetryClient client = Open(aggregator);
        using TelemetryCall call = client.Open("Exchange", Token);
        TelemetryBatch batch = IngestBench.Batch(1, 1);
        batch.Metrics.Add(Enumerable.Range(0, 20_000).Select(i => new Metric
        {
            Name = "m" + (i % 100), Labels = { ["route"] = "/" + (i % 7) }, Samples = { new MetricSample { TimestampNs = 1000 + (ulong)i, Gauge = i } },
        }));
        await call.WriteAsync(batch);

        Ack ack = await call.ReadAsync();
        Assert.Equal((20_000UL, 0UL), (ack.Received, ack.Rejected));
        Assert.Equal(700, aggregator.Get<TelemetryStore>().SeriesCount);
    }

    private static TelemetryClient Open(RunningAggregator aggregator, string? apiKey = null) => new(new Uri($"http://127.0.0.1:{aggregator.GrpcPort}"), apiKey);
}
