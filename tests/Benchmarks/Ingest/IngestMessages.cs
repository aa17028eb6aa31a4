using System.Buffers;
using Google.Protobuf;
using Observability.Protocol.V1;

namespace Observability.Benchmarks.Ingest;

/// <summary>What the agents of a benchmark send: for each agent a declaration, if its messages use refs, and a few messages that repeat.</summary>
internal sealed record IngestMessages(string Name, int SamplesPerMessage, byte[]? Declaration, ReadOnlySequence<byte>[][] ByAgent)
{
    public const int Agents = 100;
    public const int SeriesPerAgent = 100;
    private const int MessagesPerAgent = 4;
    private const int PipeSegmentBytes = 4096;
    private const ulong Start = 1_763_769_600_000_000_000;
    private const ulong Step = 20_000_000;

    public double BytesPerSample => ByAgent[0].Average(message => message.Length) / SamplesPerMessage;

    public static IEnumerable<IngestMessages> All()
    {
        yield return Make("inline 100 x 1", 100, null, (agent, message) => Batch(agent, Enumerable.Range(0, 100).Select(series => Inline(series, message, 1))));
        yield return Make("inline 10 x 100", 1000, null, (agent, message) => Batch(agent, Enumerable.Range(0, 10).Select(series => Inline((message * 10) + series, 0, 100))));
        yield return Make("packed 10 x 100", 1000, Declare(), (agent, message) => Batch(agent, Enumerable.Range(0, 10).Select(series => Packed((message * 10) + series))));
        yield return Make("tick 100", 100, Declare(), Tick);
    }

    private static IngestMessages Make(string name, int samples, TelemetryBatch? declaration, Func<int, int, TelemetryBatch> message) => new(
        name, samples, declaration?.ToByteArray(),
        [.. Enumerable.Range(0, Agents).Select(agent => Enumerable.Range(0, MessagesPerAgent).Select(number => Split(message(agent, number).ToByteArray())).ToArray())]);

    private static TelemetryBatch Batch(int agent, IEnumerable<Metric> metrics) => new() { Service = "checkout", Instance = $"web-{agent}", Metrics = { metrics } };

    private static Metric Named(int series) => new()
    {
        Name = $"http_server_metric_{series % 20}",
        Labels = { ["route"] = $"/api/v1/resource{series}", ["method"] = series % 2 == 0 ? "GET" : "POST", ["zone"] = $"eu-{series % 3}" },
    };

    private static Metric Inline(int series, int message, int samples)
    {
        Metric metric = Named(series);
        metric.Samples.Add(Enumerable.Range(0, samples).Select(i => new MetricSample { TimestampNs = Start + ((ulong)(message + i) * Step), Gauge = (series * 1.1) + i }));
        return metric;
    }

    private static TelemetryBatch Declare()
    {
        TelemetryBatch batch = new();
        for (int series = 0; series < SeriesPerAgent; series++)
        {
            Metric metric = Named(series);
            metric.SeriesRef = (uint)series + 1;
            batch.Metrics.Add(metric);
        }
        return batch;
    }

    private static Metric Packed(int series) => new()
    {
        SeriesRef = (uint)series + 1,
        Packed = new PackedSamples
        {
            TimestampsNs = { Enumerable.Range(0, 100).Select(i => Start + ((ulong)i * Step)) },
            Gauges = { Enumerable.Range(0, 100).Select(i => (series * 1.1) + i) },
        },
    };

    private static TelemetryBatch Tick(int agent, int message) => new()
    {
        Ticks = { new Tick { TimestampNs = Start + ((ulong)message * Step), FirstRef = 1, Gauges = { Enumerable.Range(0, 100).Select(i => agent + (i * 1.1)) } } },
    };

    /// <summary>As Kestrel's pipe hands messages over: in segments of 4 KB.</summary>
    private static ReadOnlySequence<byte> Split(byte[] bytes)
    {
        Segment first = new(bytes.AsMemory(0, Math.Min(PipeSegmentBytes, bytes.Length)), null);
        Segment last = first;
        for (int at = PipeSegmentBytes; at < bytes.Length; at += PipeSegmentBytes)
        {
            last = new Segment(bytes.AsMemory(at, Math.Min(PipeSegmentBytes, bytes.Length - at)), last);
        }
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? former)
        {
            // A copy of its own, as pipe blocks are: neighbours in the pipe do not lie side by side in memory.
            Memory = memory.ToArray();
            if (former is not null)
            {
                RunningIndex = former.RunningIndex + former.Memory.Length;
                former.Next = this;
            }
        }
    }
}
