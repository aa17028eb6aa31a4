using Google.Protobuf;
using Observability.Aggregator.Ingest;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>The decoder against Google.Protobuf: the same series and samples for arbitrary batches, however they are encoded.</summary>
public sealed class BatchDecoderPropertyTests
{
    /// <summary>Random and mutated messages tried; DECODER_FUZZ_COUNT=1000000 is the long form.</summary>
    private static readonly int FuzzCount =
        int.TryParse(Environment.GetEnvironmentVariable("DECODER_FUZZ_COUNT"), out int count) ? count : 50_000;

    /// <summary>The reference knows no limits.</summary>
    private static readonly RejectReason[] Limits =
    [
        RejectReason.RefLimit, RejectReason.NameLimit, RejectReason.LabelNameLimit, RejectReason.LabelValueLimit, RejectReason.LabelCountLimit,
        RejectReason.HistogramBucketsLimit, RejectReason.UnitLimit,
    ];

    /// <summary>What is refused here and passes Google's C# parser, which replaces, skips or ignores it.</summary>
    private static readonly string[] StricterThanGoogle =
    [
        "is not valid UTF-8", "which is not its own", "has a wire type that does not exist",
    ];

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void Apply_ArbitraryBatches_StoresWhatGoogleProtobufReads(int seed, bool scrambled)
    {
        int malformed = 0;
        int applied = 0;
        BatchGenerator generator = new(seed);
        WireScrambler scrambler = new(generator.Random);
        for (int stream = 0; stream < 150; stream++)
        {
            DecoderBench bench = new();
            ReferenceIngest reference = new();
            for (int i = 0; i < 20; i++)
            {
                TelemetryBatch written = generator.Next();
                byte[] bytes = scrambled ? scrambler.Write(written) : written.ToByteArray();
                TelemetryBatch batch = TelemetryBatch.Parser.ParseFrom(bytes);

                (long Applied, long Rejected)? expected = reference.Apply(batch);
                BatchOutcome? actual = bench.Apply(bytes);

                Assert.True(expected.HasValue == actual.HasValue, $"seed {seed}, stream {stream}, batch {i}: {bench.Decoder.Fault}\n{batch}");
                Assert.True((expected ?? default) == (actual?.Applied ?? 0, actual?.Rejected ?? 0),
                    $"seed {seed}, stream {stream}, batch {i}: {expected} expected, {actual} applied\n{Difference(reference.Content, StoreContent.Of(bench.Store))}\n{batch}");
                malformed += actual is null ? 1 : 0;
                applied += (int)(actual?.Applied ?? 0);
                if (actual is not null)
                {
                    AssertHeader(batch, bench, bytes);
                }
            }
            Assert.Equal(reference.Content, StoreContent.Of(bench.Store).Where(pair => reference.Content.ContainsKey(pair.Key)));
            Assert.Equal(reference.Content.Count, bench.Store.SeriesCount);
        }
        Assert.InRange(malformed, 10, 1500);
        Assert.InRange(applied, 5_000, int.MaxValue);
    }

    /// <summary>What Google's parser refuses is refused; what is accepted means the same to both.</summary>
    [Fact]
    public void Apply_RandomAndMutatedBytes_NeverThrowsAndNeverInvents()
    {
        BatchGenerator generator = new(3);
        Random random = generator.Random;
        WireScrambler scrambler = new(random);
        int accepted = 0;
        for (int i = 0; i < FuzzCount; i++)
        {
            byte[] bytes = i % 5 == 0 ? RandomBytes(random) : Mutated(random, i % 2 == 0 ? generator.Next().ToByteArray() : scrambler.Write(generator.Next()));
            DecoderBench bench = new(new() { RingSamplesMax = 64, HistogramBucketsMax = 64 }, new IngestOptions { SamplesPerBatchMax = 1_000_000 });
            BatchOutcome? actual = bench.Apply(bytes);
            TelemetryBatch? batch = TryParse(bytes);
            if (actual is null)
            {
                Assert.Equal(0, bench.Store.SeriesCount);
                string fault = bench.Decoder.Fault.ToString();
                Assert.True(
                    batch is null || new ReferenceIngest().Apply(batch) is null || StricterThanGoogle.Any(text => fault.EndsWith(text, StringComparison.Ordinal)),
                    $"message {i} was refused: {fault}: {Convert.ToHexString(bytes)}");
                continue;
            }
            Assert.True(batch is not null, $"message {i} was applied, but Google.Protobuf cannot read it: {Convert.ToHexString(bytes)}");
            accepted++;
            if (!Limits.Any(reason => bench.Writer.RejectedByReason[(int)reason] > 0))
            {
                Assert.Equal(new ReferenceIngest().Apply(batch!), (actual.Value.Applied, actual.Value.Rejected));
            }
        }
        Assert.InRange(accepted, FuzzCount / 100, FuzzCount);
    }

    private static void AssertHeader(TelemetryBatch batch, DecoderBench bench, byte[] bytes)
    {
        BatchHeader header = bench.Decoder.Batch.Header;
        Assert.Equal(batch.Service, System.Text.Encoding.UTF8.GetString(bytes, header.ServiceAt, header.ServiceLength));
        Assert.Equal(batch.Instance, System.Text.Encoding.UTF8.GetString(bytes, header.InstanceAt, header.InstanceLength));
        Assert.Equal(
            (batch.Sequence, batch.SessionId, batch.SentAtNs, batch.PushIntervalMs, batch.Replay),
            (header.Sequence, header.SessionId, header.SentAtNs, header.PushIntervalMs, header.Replay));
        Assert.Equal(batch.Report, header.Report);
    }

    private static string Difference(SortedDictionary<string, List<string>> expected, SortedDictionary<string, List<string>> actual) => string.Join('\n',
        expected.Keys.Union(actual.Keys).Select(key => (key, missing: Lines(expected, key).Except(Lines(actual, key)), extra: Lines(actual, key).Except(Lines(expected, key))))
            .Where(difference => difference.missing.Any() || difference.extra.Any())
            .Select(difference => $"{difference.key}: missing {string.Join(" | ", difference.missing)}; invented {string.Join(" | ", difference.extra)}"));

    private static List<string> Lines(SortedDictionary<string, List<string>> content, string key) => content.GetValueOrDefault(key, []);

    private static byte[] RandomBytes(Random random)
    {
        byte[] bytes = new byte[random.Next(64)];
        random.NextBytes(bytes);
        if (bytes.Length > 0 && random.Next(2) == 0)
        {
            bytes[0] = 0x1A;    // Begin with a metric, or most end at the first tag.
        }
        return bytes;
    }

    private static byte[] Mutated(Random random, byte[] bytes)
    {
        for (int i = random.Next(1, 4); i > 0 && bytes.Length > 0; i--)
        {
            int at = random.Next(bytes.Length);
            bytes = random.Next(4) switch
            {
                0 => bytes[..at],
                1 => [.. bytes[..at], .. bytes[random.Next(bytes.Length)..]],
                2 => [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]],
                _ => [.. bytes[..at], (byte)(bytes[at] ^ (1 << random.Next(8))), .. bytes[(at + 1)..]],
            };
        }
        return bytes;
    }

    private static TelemetryBatch? TryParse(byte[] bytes)
    {
        try
        {
            return TelemetryBatch.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
