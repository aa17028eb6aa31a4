using Google.Protobuf;
using Grpc.Core;
using Observability.Aggregator.Ingest;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>Once names are known and rings have grown, nothing of ours allocates: decoder, counting and storage append.</summary>
public sealed class SteadyStateTests
{
    private const int Messages = 10_000;
    private const int Variants = 100;

    private readonly Random _random = new(11);

    [Fact]
    public void Apply_TenThousandMessages_AllocatesNothing()
    {
        DecoderBench bench = new(new() { RingSamplesMax = 64, HistogramRingBytesMax = 65_536 });
        // Declares the refs that ticks use.
        bench.ApplyWhole(new TelemetryBatch { Metrics = { Enumerable.Range(1, 40).Select(i => new Metric { Name = $"declared{i}", SeriesRef = (uint)i }) } }.ToByteArray());
        byte[][] messages = [.. Enumerable.Range(0, Variants).Select(Message)];
        AllocationMeter meter = default;
        long applied = 0;
        for (int i = 0; i < Messages + (10 * Variants); i++)
        {
            if (i == 10 * Variants)
            {
                meter = AllocationMeter.Start();
                applied = 0;
            }
            applied += bench.Apply(messages[i % Variants])!.Value.Applied;
        }
        meter.AssertNothing();
        Assert.True(applied > 40 * Messages, $"Only {applied} samples were applied.");
    }

    [Fact]
    public async Task Stream_TenThousandMessages_AllocatesNothing()
    {
        IngestBench bench = new(new() { RingSamplesMax = 64 });
        LoopingSource source = new([.. Enumerable.Range(0, Variants).Select(i => InlineMessage(i, "s").ToByteArray())]);
        IngestStream stream = new(bench.Shards, source, isExchange: true);
        for (int i = 0; i < 10 * Variants; i++)
        {
            await ApplyNext(source, stream);
        }
        AllocationMeter meter = AllocationMeter.Start();
        int applied = ApplyMany(source, stream);
        meter.AssertNothing();
        Assert.Equal(Messages, applied);
        Assert.Null(stream.Status);
    }

    /// <summary>Rejecting is no normal path, but a sender past its limit must not cost memory either.</summary>
    [Fact]
    public void Apply_SamplesPastTheSeriesLimit_AllocatesNothing()
    {
        DecoderBench bench = new(new() { RingSamplesMax = 64, SeriesMax = 10 });
        byte[][] messages = [.. Enumerable.Range(0, Variants).Select(i => InlineMessage(i, "").ToByteArray())];
        AllocationMeter meter = default;
        for (int i = 0; i < 20 * Variants; i++)
        {
            if (i == 10 * Variants)
            {
                meter = AllocationMeter.Start();
            }
            bench.Apply(messages[i % Variants]);
        }
        meter.AssertNothing();
        Assert.Equal(10, bench.Store.SeriesCount);
    }

    private static int ApplyMany(LoopingSource source, IngestStream stream)
    {
        int applied = 0;
        for (int i = 0; i < Messages; i++)
        {
            ValueTask turn = ApplyNext(source, stream);
            applied += turn.IsCompletedSuccessfully ? 1 : 0;
        }
        return applied;
    }

    private static ValueTask ApplyNext(LoopingSource source, IngestStream stream)
    {
        source.IsReady = true;
        return stream.ApplyAsync();
    }

    private byte[] Message(int variant)
    {
        TelemetryBatch batch = InlineMessage(variant, "");
        batch.Metrics.Add(new Metric { SeriesRef = 40, Packed = new PackedSamples { TimestampsNs = { 5, 6, 7 }, Counters = { 1, 2, 3 } } });
        batch.Metrics.Add(Histogram(variant));
        batch.Ticks.Add(new Tick { TimestampNs = 1000, FirstRef = 1, Gauges = { Enumerable.Range(0, 30).Select(i => i * 1.5) } });
        batch.Ticks.Add(new Tick { TimestampNs = 1000, FirstRef = 31, Counters = { Enumerable.Range(0, 9).Select(i => (ulong)i) } });
        return variant % 10 == 9 ? new WireScrambler(_random).Write(batch) : batch.ToByteArray();
    }

    /// <summary>Series in changing order, and their labels too, as Go's maps give them.</summary>
    private TelemetryBatch InlineMessage(int variant, string service)
    {
        TelemetryBatch batch = new() { Service = service, Instance = service };
        int[] order = [.. Enumerable.Range(0, 50)];
        if (variant % 3 == 0)
        {
            _random.Shuffle(order);
        }
        foreach (int series in order)
        {
            (string, string)[] labels = [("route", $"/api/{series % 7}"), ("method", series % 2 == 0 ? "GET" : "POST"), ("zone", $"z{series}")];
            _random.Shuffle(labels);
            Metric metric = new() { Name = $"metric_{series}", Unit = "ms", Samples = { new MetricSample { TimestampNs = 1_000 + (ulong)variant, Gauge = series } } };
            foreach ((string key, string value) in labels)
            {
                metric.Labels.Add(key, value);
            }
            batch.Metrics.Add(metric);
        }
        return batch;
    }

    private static Metric Histogram(int variant) => new()
    {
        Name = "latency",
        Samples =
        {
            new MetricSample
            {
                TimestampNs = 9, Histogram = new Histogram { Count = 406, Scale = 4, PositiveOffset = variant, PositiveCounts = { 1, 2, 3, 400 } },
            },
        },
    };

    private sealed class LoopingSource(byte[][] messages) : IBatchSource
    {
        private int _next;

        public bool IsReady { get; set; }

        public string Peer => "loop";

        public bool TryRead(out ReadOnlyMemory<byte> message)
        {
            message = IsReady ? messages[_next++ % messages.Length] : default;
            (bool wasReady, IsReady) = (IsReady, false);
            return wasReady;
        }

        public void Abort(Status status) => throw new InvalidOperationException(status.Detail);
    }
}
