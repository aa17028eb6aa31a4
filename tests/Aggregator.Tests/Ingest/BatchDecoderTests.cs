using Google.Protobuf;
using Observability.Aggregator.Ingest;
using Observability.Aggregator.Storage;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>What a malformed batch is told, and each limit of a batch: at it, one past it, and after it.</summary>
public sealed class BatchDecoderTests
{
    [Theory]
    [InlineData("metrics[0].name is missing", "1a 02 20 00")]
    [InlineData("metrics[0].name is missing beside labels", "1a 04 12 00 20 01")]
    [InlineData("metrics[0].name is not valid UTF-8", "1a 03 0a 01 ff")]
    [InlineData("metrics[0].labels[0].value is not valid UTF-8", "1a 08 0a 01 61 12 03 12 01 c0")]
    [InlineData("metrics[0].labels[0].key is not valid UTF-8", "1a 08 0a 01 61 12 03 0a 01 c0")]
    [InlineData("metrics[0].labels[0].value has wire type 0, which is not its own", "1a 07 0a 01 61 12 02 10 01")]
    [InlineData("metrics[0].samples[0].value is missing: one of gauge, counter, histogram is expected", "1a 07 0a 01 61 1a 02 08 01")]
    [InlineData("metrics[0].samples[0].timestamp_ns has wire type 1, which is not its own", "1a 0e 0a 01 61 1a 09 09 00 00 00 00 00 00 00 00")]
    [InlineData("metrics[0].samples[0].timestamp_ns is cut off by the message's end", "1a 07 0a 01 61 1a 02 08 80")]
    [InlineData("metrics[0].samples[0].timestamp_ns is a number of more than 10 bytes", "1a 11 0a 01 61 1a 0c 08 ff ff ff ff ff ff ff ff ff ff 01")]
    [InlineData("metrics[0].samples[0].gauge is cut off by the message's end", "1a 0a 0a 01 61 1a 05 11 01 02 03 04")]
    [InlineData("metrics[1].samples[1].value is missing: one of gauge, counter, histogram is expected", "1a 03 0a 01 61 1a 09 0a 01 61 1a 02 18 01 1a 00")]
    [InlineData("metrics[0].packed.timestamps_ns are 0, the values 1; columns of equal length are expected", "1a 0f 0a 01 61 2a 0a 12 08 00 00 00 00 00 00 00 00")]
    [InlineData("metrics[0].packed.gauges have 3 bytes, which is no multiple of 8", "1a 0a 0a 01 61 2a 05 12 03 00 00 00")]
    [InlineData("metrics[0].packed.gauges is longer than the message that holds it", "1a 08 0a 01 61 2a 03 12 09 00")]
    [InlineData("metrics[0].packed stands beside other samples; one of samples, packed, aggregates is expected", "1a 09 0a 01 61 1a 02 18 01 2a 00")]
    [InlineData("metrics[0].aggregates.count are 1, timestamps_ns 0; columns of equal length are expected", "1a 07 0a 01 61 3a 02 30 01")]
    [InlineData("metrics[0].samples[0].histogram.explicit_counts are 1, expected 2: one more than explicit_bounds", "1a 14 0a 01 61 1a 0f 22 0d 59 00 00 00 00 00 00 00 00 62 02 81 01")]
    [InlineData("metrics[0].packed.histograms[0].count is cut off by the message's end", "1a 09 0a 01 61 2a 04 22 02 08 80")]
    [InlineData("metrics[0].series_ref has wire type 5, which is not its own", "1a 08 0a 01 61 25 00 00 00 00")]
    [InlineData("ticks[0].counters stand beside gauges; exactly one of the two is expected", "3a 12 19 00 00 00 00 00 00 00 00 21 00 00 00 00 00 00 00 00")]
    [InlineData("ticks[1].timestamp_ns has wire type 0, which is not its own", "3a 00 3a 02 08 01")]
    [InlineData("metrics[0] is longer than the message that holds it", "1a 05 0a")]
    [InlineData("sequence has wire type 2, which is not its own", "22 00")]
    [InlineData("service is not valid UTF-8", "0a 01 80")]
    [InlineData("field 99 ends a group that was not begun", "9b 06 a4 06")]
    [InlineData("field 99 is cut off by the message's end", "9b 06")]
    [InlineData(" has field number 0", "00")]
    [InlineData(" has a wire type that does not exist", "0f")]
    [InlineData(" ends a group that was not begun", "0c")]
    public void TryScan_MalformedBatch_TellsTheFieldsPathAndWhatIsWrong(string expected, string hex)
    {
        DecoderBench bench = new();
        Assert.Null(bench.Apply(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))));
        Assert.Equal(expected, bench.Decoder.Fault.ToString());
        Assert.Equal(0, bench.Store.SeriesCount);
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public void TryScan_NestedGroups_AreSkippedUpToALimit(int depth, bool accepted)
    {
        byte[] bytes = [.. Enumerable.Repeat<byte[]>([0x9B, 0x06], depth).SelectMany(tag => tag), .. Enumerable.Repeat<byte[]>([0x9C, 0x06], depth).SelectMany(tag => tag)];
        Assert.Equal(accepted, new DecoderBench().Apply(bytes) is not null);
    }

    [Fact]
    public void Apply_SamplesPerBatch_TakesTheLimitAndRejectsWhatIsPastIt()
    {
        DecoderBench bench = new(ingest: new IngestOptions { SamplesPerBatchMax = 4 });
        Assert.Equal(new BatchOutcome(4, 0, RejectReason.None), bench.ApplyWhole(Inline(4)));
        Assert.Equal(new BatchOutcome(4, 1, RejectReason.BatchSamplesLimit), bench.ApplyWhole(Inline(5)));
        Assert.Equal(new BatchOutcome(4, 2, RejectReason.BatchSamplesLimit), bench.ApplyWhole(Packed(6)));
        Assert.Equal(new BatchOutcome(3, 0, RejectReason.None), bench.ApplyWhole(Packed(3)));
        Assert.Equal(3, bench.Writer.RejectedByReason[(int)RejectReason.BatchSamplesLimit]);
    }

    [Theory]
    [InlineData(nameof(RejectReason.None), 4, 1, 3, 5)]
    [InlineData(nameof(RejectReason.NameLimit), 5, 1, 3, 5)]
    [InlineData(nameof(RejectReason.LabelCountLimit), 4, 3, 3, 5)]
    [InlineData(nameof(RejectReason.LabelNameLimit), 4, 1, 4, 5)]
    [InlineData(nameof(RejectReason.LabelValueLimit), 4, 1, 3, 6)]
    public void Apply_LengthLimits_AtEachAndOnePast(string expected, int name, int labels, int key, int value)
    {
        DecoderBench bench = new(new() { NameBytesMax = 4, LabelsMax = 2, LabelNameBytesMax = 3, LabelValueBytesMax = 5 });
        Metric metric = new() { Name = new string('n', name), SeriesRef = 1, Samples = { new MetricSample { TimestampNs = 1, Gauge = 1 } } };
        for (int i = 0; i < labels; i++)
        {
            metric.Labels[new string((char)('a' + i), key)] = new string('v', value);
        }
        byte[] tick = new TelemetryBatch { Ticks = { new Tick { TimestampNs = 2, FirstRef = 1, Gauges = { 2 } } } }.ToByteArray();
        RejectReason reason = Enum.Parse<RejectReason>(expected);
        bool fits = reason == RejectReason.None;

        Assert.Equal(new BatchOutcome(fits ? 1 : 0, fits ? 0 : 1, reason), bench.ApplyWhole(new TelemetryBatch { Metrics = { metric } }.ToByteArray()));
        Assert.Equal(new BatchOutcome(fits ? 1 : 0, fits ? 0 : 1, reason), bench.ApplyWhole(tick));    // The ref remembers why.
        Assert.Equal(4, bench.ApplyWhole(Inline(4)).Applied);
    }

    [Theory]
    [InlineData("service")]
    [InlineData("instance")]
    [InlineData("__name__")]
    public void Apply_LabelThatTheIdentityOwns_IsKeptAsExported(string label)
    {
        DecoderBench bench = new();
        Metric Metric(params (string Name, string Value)[] labels)
        {
            Metric metric = new() { Name = "m", Samples = { new MetricSample { TimestampNs = 1, Gauge = 1 } } };
            metric.Labels.Add(labels.ToDictionary(one => one.Name, one => one.Value));
            return metric;
        }
        TelemetryBatch batch = new() { Metrics = { Metric((label, "x")), Metric((label, "y"), ("exported_" + label, "z")), Metric((label, "")), Metric() } };
        Assert.Equal(new BatchOutcome(4, 0, RejectReason.None), bench.ApplyWhole(batch.ToByteArray()));
        Assert.Equal(
            [$"{{exported_{label}=\"x\"}}", LabelSet.From(($"exported_exported_{label}", "y"), ($"exported_{label}", "z")).ToString(), "{}"],
            bench.Store.Sources.SelectMany(source => source.Series).Select(series => series.Labels.ToString()));
    }

    [Fact]
    public void Apply_MoreLabelsThanAreEverKept_IsRejectedAndNotCutShort()
    {
        DecoderBench bench = new(new() { LabelsMax = 256 });
        Assert.Equal(1, bench.ApplyWhole(WithLabels(256)).Applied);
        Assert.Equal(RejectReason.LabelCountLimit, bench.ApplyWhole(WithLabels(257)).FirstReason);
        Assert.Equal(RejectReason.LabelCountLimit, bench.ApplyWhole(WithLabels(IdentitySpans.LabelsMax + 1)).FirstReason);
        Assert.Equal(1, bench.Store.SeriesCount);
    }

    [Fact]
    public void Apply_Refs_UpToTheLimitAndDense()
    {
        DecoderBench bench = new(ingest: new IngestOptions { RefsPerStreamMax = 2000 });
        Assert.Equal(RejectReason.RefLimit, Declare(bench, RefTable.SlackMax + 1));    // Nothing is declared: only the slack is free.
        Assert.Equal(RejectReason.None, Declare(bench, RefTable.SlackMax));
        for (uint i = 1; i <= 500; i++)
        {
            Assert.Equal(RejectReason.None, Declare(bench, i));
        }
        Assert.Equal(RejectReason.None, Declare(bench, 2000));
        Assert.Equal(RejectReason.RefLimit, Declare(bench, 2001));
        Assert.Equal(RejectReason.None, Declare(bench, 501));
    }

    [Fact]
    public void Apply_HistogramBuckets_AtTheLimitAndOnePast()
    {
        DecoderBench bench = new(new() { HistogramBucketsMax = 8 });
        Assert.Equal(new BatchOutcome(1, 0, RejectReason.None), bench.ApplyWhole(WithBuckets(5, 3)));
        Assert.Equal(new BatchOutcome(0, 1, RejectReason.HistogramBucketsLimit), bench.ApplyWhole(WithBuckets(5, 4)));
        Assert.Equal(new BatchOutcome(0, 1, RejectReason.HistogramBucketsLimit), bench.ApplyWhole(WithBuckets(20, 0)));
        Assert.Equal(new BatchOutcome(1, 0, RejectReason.None), bench.ApplyWhole(WithBuckets(0, 8)));
    }

    [Fact]
    public void Apply_Identities_PastTheSharedBudget_AreRejectedAndKnownOnesGoOn()
    {
        DecoderBench bench = new(identitiesMax: 3);
        TelemetryBatch batch = new() { Metrics = { Enumerable.Range(0, 4).Select(i => new Metric { Name = $"m{i}", Samples = { new MetricSample { TimestampNs = 1, Gauge = 1 } } }) } };
        Assert.Equal(new BatchOutcome(3, 1, RejectReason.SeriesLimit), bench.ApplyWhole(batch.ToByteArray()));
        Assert.Equal(new BatchOutcome(3, 1, RejectReason.SeriesLimit), bench.ApplyWhole(batch.ToByteArray()));
    }

    [Fact]
    public void Apply_TicksOverSeriesThatDoNotLieSideBySide_ReachTheRightSeries()
    {
        DecoderBench bench = new();
        bench.ApplyWhole(new TelemetryBatch
        {
            Metrics =
            {
                new Metric { Name = "c", SeriesRef = 3, Samples = { new MetricSample { TimestampNs = 1, Gauge = 30 } } },
                new Metric { Name = "a", SeriesRef = 1 }, new Metric { Name = "b", SeriesRef = 2 },
            },
        }.ToByteArray());
        byte[] tick = new TelemetryBatch { Ticks = { new Tick { TimestampNs = 2, FirstRef = 1, Gauges = { 11, 21, 31 } } } }.ToByteArray();

        Assert.Equal(3, bench.ApplyWhole(tick).Applied);
        Assert.Equal(3, bench.ApplyWhole(tick).Applied);
        Assert.Equal(["c", "a", "b"], bench.Store.AllSeries.ToArray().Select(series => series.Name));
        Assert.Equal(2, bench.Store.SeriesById(2)!.Head);
        Assert.Equal(3, bench.Store.SeriesById(1)!.Head);
    }

    /// <summary>Protobuf lets a writer send a message field in pieces, which merge as if they stood one behind the other.</summary>
    [Fact]
    public void Apply_HistogramInPieces_MergesThoseBehindTheLastOtherValue()
    {
        byte[] dropped = [0x08, 9, 0x42, 1, 9];             // count: 9, positive_counts: [9]
        byte[] first = [0x08, 3, 0x42, 2, 1, 2];            // count: 3, positive_counts: [1, 2]
        byte[] second = [0x42, 1, 4];                       // positive_counts: [4]
        byte[] third = [0x08, 7];                           // count: 7
        byte[] gauge = [0x11, .. BitConverter.GetBytes(5.0)];
        byte[] sample = [.. Field(0x22, dropped), .. gauge, .. Field(0x22, first), 0x08, 1, .. Field(0x22, second), 0xC0, 0x3E, 5, .. Field(0x22, third)];
        AssertAsGoogle([.. Field(0x0A, "m"u8.ToArray()), .. Field(0x1A, sample)], applied: 1);
    }

    [Fact]
    public void Apply_ColumnsInPieces_MergeInTheirOrder()
    {
        byte[] histogram = [0x08, 1, 0x42, 1, 1];
        byte[] packed =
        [
            .. Field(0x2A, [.. Field(0x0A, Times(1, 2)), .. Field(0x22, histogram)]),
            .. Field(0x2A, Field(0x22, [0x08, 2, 0x42, 1, 2])),
            .. Field(0x32, "ms"u8.ToArray()),
            .. Field(0x2A, [.. Field(0x22, histogram), .. Field(0x0A, Times(3))]),
        ];
        AssertAsGoogle([.. Field(0x0A, "m"u8.ToArray()), .. packed], applied: 3);
        byte[] counters = [.. Field(0x2A, [.. Field(0x0A, Times(1, 2)), .. Field(0x1A, Times(10))]), .. Field(0x2A, [.. Field(0x1A, Times(20, 30)), .. Field(0x0A, Times(3))])];
        AssertAsGoogle([.. Field(0x0A, "m"u8.ToArray()), .. counters], applied: 3);
    }

    [Fact]
    public void Apply_FaultInALaterPiece_IsToldByItsPath()
    {
        byte[] packed = [.. Field(0x2A, [.. Field(0x0A, Times(1, 2)), .. Field(0x22, [0x08, 0])]), .. Field(0x2A, Field(0x22, [0x08]))];
        DecoderBench bench = new();
        Assert.Null(bench.Apply(Field(0x1A, [.. Field(0x0A, "m"u8.ToArray()), .. packed])));
        Assert.Equal("metrics[0].packed.histograms[1].count is cut off by the message's end", bench.Decoder.Fault.ToString());
    }

    [Theory]
    [InlineData(0x0A, "name")]
    [InlineData(0x32, "unit")]
    public void Apply_TextReplacedByALaterOne_MustBeUtf8Too(byte tag, string path)
    {
        byte[] metric = [.. Field(tag, [0xFF]), .. Field(0x0A, "m"u8.ToArray()), .. Field(0x32, "ms"u8.ToArray()), .. Field(0x1A, [0x08, 1, 0x18, 1])];
        DecoderBench bench = new();
        Assert.Null(bench.Apply(Field(0x1A, metric)));
        Assert.Equal($"metrics[0].{path} is not valid UTF-8", bench.Decoder.Fault.ToString());
    }

    private static void AssertAsGoogle(byte[] metric, long applied)
    {
        byte[] message = Field(0x1A, metric);
        ReferenceIngest reference = new();
        Assert.Equal((applied, 0), reference.Apply(TelemetryBatch.Parser.ParseFrom(message)));
        DecoderBench bench = new();
        Assert.Equal(new BatchOutcome(applied, 0, RejectReason.None), bench.ApplyWhole(message));
        Assert.Equal(reference.Content, StoreContent.Of(bench.Store));
    }

    private static byte[] Field(byte tag, byte[] content) => [tag, (byte)content.Length, .. content];

    private static byte[] Times(params IEnumerable<ulong> values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static RejectReason Declare(DecoderBench bench, uint seriesRef)
    {
        bench.ApplyWhole(new TelemetryBatch { Metrics = { new Metric { Name = $"m{seriesRef}", SeriesRef = seriesRef } } }.ToByteArray());
        return bench.ApplyWhole(new TelemetryBatch { Ticks = { new Tick { TimestampNs = 1, FirstRef = seriesRef, Gauges = { 1 } } } }.ToByteArray()).FirstReason;
    }

    private static byte[] Inline(int samples) => new TelemetryBatch
    {
        Metrics = { Enumerable.Range(0, samples).Select(i => new Metric { Name = "m", Samples = { new MetricSample { TimestampNs = (ulong)i + 1, Gauge = i } } }) },
    }.ToByteArray();

    private static byte[] Packed(int samples) => new TelemetryBatch
    {
        Metrics =
        {
            new Metric
            {
                Name = "m",
                Packed = new PackedSamples { TimestampsNs = { Enumerable.Range(1, samples).Select(i => (ulong)i) }, Gauges = { Enumerable.Range(1, samples).Select(i => (double)i) } },
            },
        },
    }.ToByteArray();

    private static byte[] WithLabels(int count)
    {
        Metric metric = new() { Name = "m", Samples = { new MetricSample { TimestampNs = 1, Gauge = 1 } } };
        for (int i = 0; i < count; i++)
        {
            metric.Labels[$"label{i}"] = "v";
        }
        return new TelemetryBatch { Metrics = { metric } }.ToByteArray();
    }

    private static byte[] WithBuckets(int positive, int negative) => new TelemetryBatch
    {
        Metrics =
        {
            new Metric
            {
                Name = "h",
                Samples =
                {
                    new MetricSample
                    {
                        TimestampNs = 1,
                        Histogram = new Histogram
                        {
                            Count = (ulong)(positive + negative), PositiveCounts = { Enumerable.Repeat(1UL, positive) }, NegativeCounts = { Enumerable.Repeat(1UL, negative) },
                        },
                    },
                },
            },
        },
    }.ToByteArray();
}
