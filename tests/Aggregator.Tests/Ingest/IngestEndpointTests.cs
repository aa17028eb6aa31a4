using System.Buffers;
using Google.Protobuf;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Ingest;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;
using Observability.Protocol;
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
        using GrpcChannel channel = Open(aggregator);
        await using GrpcDuplexCall call = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/StreamTelemetry", GrpcCallOptions.Default, Token);
        for (int i = 0; i < 5; i++)
        {
            await call.WriteAsync(IngestBench.Batch(values: [i, i + 100]).ToByteArray(), Token);
        }
        await call.CompleteAsync();

        Ack ack = await ReadAckAsync(call);
        Assert.Equal((10UL, 0UL, 0UL), (ack.Received, ack.Rejected, ack.Sequence));
        Assert.Equal(aggregator.Get<TelemetryStore>().SessionId, ack.ServerSessionId);
        Assert.False(await call.WaitToReadAsync(Token));
        Assert.Equal(GrpcStatusCode.Ok, (await call.GetStatusAsync(Token)).Code);
    }

    [Fact]
    public async Task Exchange_NumberedBatches_AreAcknowledgedAsTheyAreApplied()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using GrpcChannel channel = Open(aggregator);
        await using GrpcDuplexCall call = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        for (ulong sequence = 1; sequence <= 3; sequence++)
        {
            TelemetryBatch batch = IngestBench.Batch(9, sequence, sequence);
            batch.SentAtNs = sequence * 1000;
            await call.WriteAsync(batch.ToByteArray(), Token);
            Ack ack = await ReadAckAsync(call);
            Assert.Equal((1UL, sequence, sequence * 1000), (ack.Received, ack.Sequence, ack.EchoSentAtNs));
        }
        Assert.Equal(3, aggregator.Get<IngestCounters>().Received);
        Assert.Equal(1, aggregator.Get<IngestCounters>().StreamsOpen);
        await call.CompleteAsync();
        Assert.Equal(GrpcStatusCode.Ok, (await call.GetStatusAsync(Token)).Code);
    }

    [Fact]
    public async Task Exchange_SenderThatPushesByTheClock_IsAcknowledgedOnceAnIntervalAndWhenItFallsSilent()
    {
        const ulong Batches = 60;
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Ingest:AckIntervalMs=500");
        using GrpcChannel channel = Open(aggregator);
        await using GrpcDuplexCall call = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        for (ulong sequence = 1; sequence <= Batches; sequence++)
        {
            await call.WriteAsync(Pushed(sequence).ToByteArray(), Token);
        }
        ulong received = 0;
        int acks = 0;
        for (ulong acknowledged = 0; acknowledged < Batches; acks++)
        {
            Ack ack = await ReadAckAsync(call);
            Assert.InRange(ack.Sequence, acknowledged + 1, Batches);
            acknowledged = ack.Sequence;
            received += ack.Received;
        }
        Assert.Equal(Batches, received);
        Assert.InRange(acks, 1, (int)Batches / 3);
        await call.CompleteAsync();
        Assert.Equal(GrpcStatusCode.Ok, (await call.GetStatusAsync(Token)).Code);
    }

    [Fact]
    public async Task Exchange_SenderThatEndsWhileAnAckIsOwed_GetsItBeforeTheStatus()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Ingest:AckIntervalMs=5000");
        using GrpcChannel channel = Open(aggregator);
        await using GrpcDuplexCall call = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        await call.WriteAsync(Pushed(1).ToByteArray(), Token);
        Assert.Equal(1UL, (await ReadAckAsync(call)).Sequence);
        await call.WriteAsync(Pushed(2).ToByteArray(), Token);
        await call.CompleteAsync();

        Assert.Equal(2UL, (await ReadAckAsync(call)).Sequence);
        Assert.Equal(GrpcStatusCode.Ok, (await call.GetStatusAsync(Token)).Code);
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
        using GrpcChannel ofOne = Open(aggregator, "one");
        using GrpcChannel ofTwo = Open(aggregator, "two");
        await using GrpcDuplexCall first = ofOne.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        await first.WriteAsync(IngestBench.Batch(1, 1, 1).ToByteArray(), Token);
        await ReadAckAsync(first);

        await using GrpcDuplexCall past = ofOne.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        GrpcStatus status = await past.GetStatusAsync(Token);
        Assert.Equal(GrpcStatusCode.ResourceExhausted, status.Code);
        Assert.Contains("Ingest:StreamsPerKeyMax", status.Detail, StringComparison.Ordinal);
        Assert.Equal("77", past.Trailers["grpc-retry-pushback-ms"]);

        await using GrpcDuplexCall other = ofTwo.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        await other.WriteAsync(IngestBench.Batch(1, 2, 2).ToByteArray(), Token);
        await ReadAckAsync(other);

        await first.CompleteAsync();
        await first.GetStatusAsync(Token);
        GrpcStatusCode again;
        do
        {
            // The former stream is closed a moment after its client knows.
            await using GrpcDuplexCall next = ofOne.OpenDuplex("/telemetry.v1.TelemetryIngestor/StreamTelemetry", GrpcCallOptions.Default, Token);
            await next.CompleteAsync();
            again = (await next.GetStatusAsync(Token)).Code;
        }
        while (again != GrpcStatusCode.Ok);
    }

    [Fact]
    public async Task Exchange_PastTheRateOfAKey_RejectsTellsHowLongToWaitAndRecovers()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Ingest:SamplesPerSecondPerKeyMax=100");
        using GrpcChannel channel = Open(aggregator);
        await using GrpcDuplexCall call = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        double[] values = [.. Enumerable.Range(1, 250).Select(i => (double)i)];
        await call.WriteAsync(IngestBench.Batch(9, 1, values).ToByteArray(), Token);
        Assert.Equal(250UL, (await ReadAckAsync(call)).Received);
        await call.WriteAsync(IngestBench.Batch(9, 2, 1).ToByteArray(), Token);
        Ack limited = await ReadAckAsync(call);
        Assert.Equal((0UL, 1UL, 2UL), (limited.Received, limited.Rejected, limited.Sequence));
        Assert.Contains("Ingest:SamplesPerSecondPerKeyMax", limited.Message, StringComparison.Ordinal);
        Assert.InRange(limited.RetryAfterMs, 1U, 1501U);
        Assert.Equal(1, aggregator.Get<IngestCounters>().RejectedByReason()["rate_limit"]);

        ulong sequence = 2;
        Ack ack;
        do
        {
            await call.WriteAsync(IngestBench.Batch(9, ++sequence, 1).ToByteArray(), Token);
            ack = await ReadAckAsync(call);
        }
        while (ack.Received == 0);
    }

    [Fact]
    public async Task Exchange_RejectedSamples_AreToldWithTheFirstReason()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Storage:SeriesMax=1");
        using GrpcChannel channel = Open(aggregator);
        await using GrpcDuplexCall call = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        TelemetryBatch batch = IngestBench.Batch(9, 1, 1);
        batch.Metrics.Add(new Metric { Name = "second", Samples = { new MetricSample { TimestampNs = 5, Gauge = 1 } } });
        await call.WriteAsync(batch.ToByteArray(), Token);

        Ack ack = await ReadAckAsync(call);
        Assert.Equal((1UL, 1UL), (ack.Received, ack.Rejected));
        Assert.Equal("Cannot apply sample: 1 series are the limit (Storage:SeriesMax).", ack.Message);
    }

    [Fact]
    public async Task Exchange_MalformedBatch_AcknowledgesWhatCameBeforeAndEndsWithThePath()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using GrpcChannel channel = Open(aggregator);
        await using GrpcDuplexCall call = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        await call.WriteAsync(IngestBench.Batch(9, 1, 1).ToByteArray(), Token);
        TelemetryBatch bad = IngestBench.Batch(9, 2, 2);
        bad.Metrics[0].Name = "";
        await call.WriteAsync(bad.ToByteArray(), Token);

        Assert.Equal(1UL, (await ReadAckAsync(call)).Sequence);
        GrpcStatus status = await call.GetStatusAsync(Token);
        Assert.Equal(GrpcStatusCode.InvalidArgument, status.Code);
        Assert.Contains("metrics[0].name is missing", status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exchange_SecondLiveSession_IsRefusedWithPushback()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Ingest:RetryPushbackMs=1234");
        using GrpcChannel channel = Open(aggregator);
        await using GrpcDuplexCall first = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        await first.WriteAsync(IngestBench.Batch(1, 1, 1).ToByteArray(), Token);
        await ReadAckAsync(first);
        await using GrpcDuplexCall second = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        await second.WriteAsync(IngestBench.Batch(2, 1, 1).ToByteArray(), Token);

        GrpcStatus status = await second.GetStatusAsync(Token);
        Assert.Equal(GrpcStatusCode.AlreadyExists, status.Code);
        Assert.Contains("127.0.0.1:", status.Detail, StringComparison.Ordinal);
        Assert.Equal("1234", second.Trailers["grpc-retry-pushback-ms"]);
    }

    [Fact]
    public async Task Exchange_SameSessionAgain_TakesOverAndAbortsTheOldCall()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using GrpcChannel channel = Open(aggregator);
        await using GrpcDuplexCall old = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        await old.WriteAsync(IngestBench.Batch(1, 1, 1).ToByteArray(), Token);
        await ReadAckAsync(old);
        await using GrpcDuplexCall next = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        await next.WriteAsync(IngestBench.Batch(1, 2, 2).ToByteArray(), Token);

        Assert.Equal(2UL, (await ReadAckAsync(next)).Sequence);
        Assert.Equal(GrpcStatusCode.Aborted, (await old.GetStatusAsync(Token)).Code);
    }

    [Fact]
    public async Task Exchange_WhenTheServerDrains_EndsUnavailableAndTheDrainReturns()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using GrpcChannel channel = Open(aggregator);
        await using GrpcDuplexCall call = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        await call.WriteAsync(IngestBench.Batch(1, 1, 1).ToByteArray(), Token);
        await ReadAckAsync(call);
        aggregator.Get<ServingState>().MoveTo(ServingPhase.Draining);

        Assert.Equal(GrpcStatusCode.Unavailable, (await call.GetStatusAsync(Token)).Code);
        IDrain drain = aggregator.Get<IEnumerable<IDrain>>().First(one => one.Name == "ingestion");
        await drain.DrainAsync(Token).WaitAsync(TimeSpan.FromSeconds(10), Token);
        Assert.Equal(0, aggregator.Get<IngestCounters>().StreamsOpen);
    }

    [Fact]
    public async Task Exchange_BatchOfManySegments_IsApplied()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using GrpcChannel channel = Open(aggregator);
        await using GrpcDuplexCall call = channel.OpenDuplex("/telemetry.v1.TelemetryIngestor/Exchange", GrpcCallOptions.Default, Token);
        TelemetryBatch batch = IngestBench.Batch(1, 1);
        batch.Metrics.Add(Enumerable.Range(0, 20_000).Select(i => new Metric
        {
            Name = "m" + (i % 100), Labels = { ["route"] = "/" + (i % 7) }, Samples = { new MetricSample { TimestampNs = 1000 + (ulong)i, Gauge = i } },
        }));
        await call.WriteAsync(batch.ToByteArray(), Token);

        Ack ack = await ReadAckAsync(call);
        Assert.Equal((20_000UL, 0UL), (ack.Received, ack.Rejected));
        Assert.Equal(700, aggregator.Get<TelemetryStore>().SeriesCount);
    }

    private static GrpcChannel Open(RunningAggregator aggregator, string? apiKey = null) =>
        new(new GrpcChannelOptions { Address = new Uri($"http://127.0.0.1:{aggregator.GrpcPort}"), ApiKey = apiKey });

    private static async Task<Ack> ReadAckAsync(GrpcDuplexCall call)
    {
        Assert.True(await call.WaitToReadAsync(Token), "The stream ended without an Ack.");
        Assert.True(call.TryRead(out ReadOnlySequence<byte> message));
        return Ack.Parser.ParseFrom(message);
    }
}
