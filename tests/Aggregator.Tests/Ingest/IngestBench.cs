using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Observability.Aggregator.Ingest;
using Observability.Aggregator.Storage;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>Ingestion without a transport: streams are opened, fed and closed by the test.</summary>
internal sealed class IngestBench
{
    public IngestBench(StorageOptions? storage = null, IngestOptions? ingest = null)
    {
        Store = new TelemetryStore(storage ?? new StorageOptions(), sessionId: 99);
        Shards = new IngestShards(Store, ingest ?? new IngestOptions(), new ConnectedAgents(), Time);
        Counters = new IngestCounters(Shards);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero));

    public TelemetryStore Store { get; }

    public IngestShards Shards { get; }

    public IngestCounters Counters { get; }

    public BenchStream Open(string peer = "peer") => new(Shards, peer);

    /// <summary>A batch of one gauge sample for each value.</summary>
    public static TelemetryBatch Batch(ulong session = 0, ulong sequence = 0, params double[] values)
    {
        TelemetryBatch batch = new() { Service = "checkout", Instance = "a-1", SessionId = session, Sequence = sequence };
        Metric metric = new() { Name = "rps" };
        foreach (double value in values)
        {
            metric.Samples.Add(new MetricSample { TimestampNs = 1_000 + (ulong)value, Gauge = value });
        }
        batch.Metrics.Add(metric);
        return batch;
    }

    public double[] Gauges(string name = "rps")
    {
        SampleBuffer buffer = new();
        foreach (Series series in Store.AllSeries)
        {
            if (series.Name == name)
            {
                Store.Read(series, 0, long.MaxValue, buffer);
            }
        }
        return [.. Enumerable.Range(0, buffer.Count).Select(buffer.Gauge)];
    }
}

internal sealed class BenchStream
{
    public BenchStream(IngestShards shards, string peer)
    {
        Source = new FakeSource(peer);
        Stream = new IngestStream(shards, Source, isExchange: true);
    }

    public FakeSource Source { get; }

    public IngestStream Stream { get; }

    public AckTally Tally => Stream.Tally;

    /// <summary>The status's code, or null while the stream goes on.</summary>
    public StatusCode? Code => Stream.Status?.StatusCode;

    public string Detail => Stream.Status?.Detail ?? "";

    public async Task SendAsync(params TelemetryBatch[] batches)
    {
        foreach (TelemetryBatch batch in batches)
        {
            Source.Add(batch);
        }
        await Stream.ApplyAsync();
    }
}
