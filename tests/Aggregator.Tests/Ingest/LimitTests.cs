using Google.Protobuf;
using Observability.Aggregator.Ingest;
using Observability.Aggregator.Storage;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>Each limit on what a batch holds: exactly at it, one past it, and that what was fine before goes on being applied.</summary>
public sealed class LimitTests
{
    internal sealed record Case(RejectReason Reason, StorageOptions Storage, IngestOptions Ingest, Metric[] AtLimit, Metric Past);

    private static readonly Case[] Cases =
    [
        new(RejectReason.SeriesLimit, new() { SeriesMax = 2 }, new(), [Gauge("a"), Gauge("b")], Gauge("c")),
        new(RejectReason.ServiceSeriesLimit, new() { SeriesPerServiceMax = 2 }, new(), [Gauge("a"), Gauge("b")], Gauge("c")),
        new(RejectReason.NameSeriesLimit, new(), new() { SeriesPerNameMax = 2 }, [Gauge("a", ("x", "1")), Gauge("a", ("x", "2"))], Gauge("a", ("x", "3"))),
        new(RejectReason.NameLimit, new() { NameBytesMax = 4 }, new(), [Gauge("four")], Gauge("fives")),
        new(RejectReason.LabelCountLimit, new() { LabelsMax = 2 }, new(), [Gauge("a", ("x", "1"), ("y", "1"))], Gauge("a", ("x", "1"), ("y", "1"), ("z", "1"))),
        new(RejectReason.LabelNameLimit, new() { LabelNameBytesMax = 4 }, new(), [Gauge("a", ("four", "1"))], Gauge("a", ("fives", "1"))),
        new(RejectReason.LabelValueLimit, new() { LabelValueBytesMax = 4 }, new(), [Gauge("a", ("x", "four"))], Gauge("a", ("x", "fives"))),
        new(RejectReason.HistogramBucketsLimit, new() { HistogramBucketsMax = 3 }, new(), [Histogram(3)], Histogram(4)),
        new(RejectReason.RefLimit, new(), new() { RefsPerStreamMax = 2 }, [Declared(1), Declared(2)],
            new Metric { SeriesRef = 3, Samples = { new MetricSample { TimestampNs = 1, Gauge = 1 } } }),
    ];

    public static TheoryData<string> Names => new(Cases.Select(one => one.Reason.ToString()));

    [Theory]
    [MemberData(nameof(Names))]
    public void Apply_AtTheLimit_AppliesAll(string name)
    {
        (DecoderBench bench, Case one) = Bench(name);

        Assert.Equal(new BatchOutcome(one.AtLimit.Length, 0, RejectReason.None), bench.ApplyWhole(Batch(one.AtLimit)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Apply_OnePastTheLimit_RejectsItByItsReasonAndTellsWhichLimit(string name)
    {
        (DecoderBench bench, Case one) = Bench(name);
        bench.ApplyWhole(Batch(one.AtLimit));

        Assert.Equal(new BatchOutcome(0, 1, one.Reason), bench.ApplyWhole(Batch(one.Past)));
        Assert.Equal(1, bench.Writer.RejectedByReason[(int)one.Reason]);
        string text = new RejectTexts(one.Storage, one.Ingest)[one.Reason];
        Assert.StartsWith("Cannot apply ", text, StringComparison.Ordinal);
        Assert.Matches("(Storage|Ingest):[A-Za-z]+Max", text);
        Assert.DoesNotContain("none", RejectTexts.Name(one.Reason), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Apply_AfterTheLimitWasMet_GoesOnWithWhatIsWithinIt(string name)
    {
        (DecoderBench bench, Case one) = Bench(name);
        bench.ApplyWhole(Batch(one.AtLimit));
        bench.ApplyWhole(Batch(one.Past));

        Assert.Equal(new BatchOutcome(one.AtLimit.Length, 1, one.Reason), bench.ApplyWhole(Batch([one.Past, .. one.AtLimit])));
    }

    private static (DecoderBench Bench, Case Case) Bench(string name)
    {
        Case one = Cases.Single(candidate => candidate.Reason.ToString() == name);
        return (new DecoderBench(one.Storage, one.Ingest), one);
    }

    private static byte[] Batch(params Metric[] metrics) => new TelemetryBatch { Metrics = { metrics } }.ToByteArray();

    private static Metric Gauge(string name, params (string Name, string Value)[] labels)
    {
        Metric metric = new() { Name = name, Samples = { new MetricSample { TimestampNs = 1, Gauge = 1 } } };
        foreach ((string label, string value) in labels)
        {
            metric.Labels.Add(label, value);
        }
        return metric;
    }

    private static Metric Declared(uint seriesRef)
    {
        Metric metric = Gauge($"ref_{seriesRef}");
        metric.SeriesRef = seriesRef;
        return metric;
    }

    private static Metric Histogram(int buckets) => new()
    {
        Name = "latency",
        Samples = { new MetricSample { TimestampNs = 1, Histogram = new Histogram { Count = (ulong)buckets, PositiveCounts = { Enumerable.Repeat(1UL, buckets) } } } },
    };
}
