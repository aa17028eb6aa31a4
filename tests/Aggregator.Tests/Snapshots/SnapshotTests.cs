using System.Diagnostics;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Rings;
using Observability.Aggregator.Snapshots;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Diagnostics;
using Observability.Aggregator.Tests.Streaming;

namespace Observability.Aggregator.Tests.Snapshots;

public sealed class SnapshotTests : IDisposable
{
    private const long Second = 1_000_000_000;
    private static readonly long StartNs = TimeProvider.System.UnixNs() - (60 * Second);

    private readonly string _directory = Directory.CreateTempSubdirectory("snapshot").FullName;

    private string FilePath => Path.Combine(_directory, SnapshotFile.Name);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void WriteThenRead_BringsBackEverySampleAndGoesOn()
    {
        TelemetryStore former = new(new StorageOptions(), 1);
        TestSource source = Fill(former, out Series[] series);
        SnapshotFile.Write(_directory, former);

        TelemetryStore store = new(new StorageOptions(), 2);
        Assert.Null(SnapshotFile.Read(FilePath, store, out SnapshotReader? read));

        Assert.Equal((series.Length, 0), (read!.SeriesRead, read.SeriesRefused));
        Assert.Equal(former.AllSeries.ToArray().Select(one => one.ToString()), store.AllSeries.ToArray().Select(one => one.ToString()));
        AssertSame(former, store);

        // It goes on where it ended, and can be sealed and written again.
        TestSource again = new(store);
        for (int i = 0; i < 300; i++)
        {
            again.AppendRow(StartNs + (30 * Second) + i, store.AllSeries[0], i, i, i);
            source.AppendRow(StartNs + (30 * Second) + i, series[0], i, i, i);
        }
        AssertSame(former, store);
        new HistorySealer(store).SealAll(StartNs + (31 * Second), long.MaxValue);
        AssertSame(former, store);
    }

    [Theory]
    [InlineData("cut", "checksum")]
    [InlineData("flipped", "checksum")]
    [InlineData("version", "it has version 99, this program reads version 2")]
    [InlineData("other", "does not begin as a snapshot does")]
    [InlineData("empty", "less than an empty one")]
    public void Read_OfADamagedFile_SaysWhyAndTakesNothing(string damage, string expected)
    {
        TelemetryStore former = new(new StorageOptions(), 1);
        Fill(former, out _);
        SnapshotFile.Write(_directory, former);
        byte[] bytes = File.ReadAllBytes(FilePath);
        switch (damage)
        {
            case "cut": bytes = bytes[..(bytes.Length / 2)]; break;
            case "flipped": bytes[bytes.Length / 3] ^= 4; break;
            case "version": bytes[8] = 99; break;
            case "other": bytes[0] = 1; break;
            default: bytes = [1, 2]; break;
        }
        File.WriteAllBytes(FilePath, bytes);
        TelemetryStore store = new(new StorageOptions(), 2);

        Assert.Contains(expected, SnapshotFile.Read(FilePath, store, out _), StringComparison.Ordinal);
        Assert.Equal((0, 0), (store.SeriesCount, store.Sources.Count));
    }

    [Fact]
    public void Write_WhereTheDiskRefuses_ThrowsAndKeepsTheFormerFile()
    {
        TelemetryStore former = new(new StorageOptions(), 1);
        Fill(former, out _);
        SnapshotFile.Write(_directory, former);
        long length = new FileInfo(FilePath).Length;
        Directory.CreateDirectory(FilePath + ".new");

        Assert.ThrowsAny<SystemException>(() => SnapshotFile.Write(_directory, former));
        Assert.Equal(length, new FileInfo(FilePath).Length);
        Assert.Null(SnapshotFile.Read(FilePath, new TelemetryStore(new StorageOptions(), 2), out SnapshotReader? read));
        Assert.NotNull(read);
    }

    [Fact(SkipUnless = nameof(HasFullDevice), Skip = "There is no /dev/full here.")]
    public void Write_OnAFullDisk_ThrowsKeepsTheFormerFileAndLeavesNoHalfOne()
    {
        TelemetryStore former = new(new StorageOptions(), 1);
        Fill(former, out _);
        SnapshotFile.Write(_directory, former);
        byte[] before = File.ReadAllBytes(FilePath);
        File.CreateSymbolicLink(FilePath + ".new", "/dev/full");

        IOException refused = Assert.ThrowsAny<IOException>(() => SnapshotFile.Write(_directory, former));

        Assert.Contains("No space left", refused.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(before, File.ReadAllBytes(FilePath));
        Assert.False(File.Exists(FilePath + ".new"));
        SnapshotFile.Write(_directory, former);
    }

    public static bool HasFullDevice => File.Exists("/dev/full");

    [Fact]
    public async Task Aggregator_StoppedAndStartedAgain_HasItsHistoryWithinASecond()
    {
        string setting = "Snapshot:Directory=" + _directory;
        TelemetryStore former;
        await using (RunningAggregator aggregator = await RunningAggregator.StartAsync(setting))
        {
            former = aggregator.Get<TelemetryStore>();
            Fill(former, out _, isSealed: false);    // A store has one sealer, and this one has its own.
        }
        long startedAt = Stopwatch.GetTimestamp();
        await using RunningAggregator again = await RunningAggregator.StartAsync(setting);
        TimeSpan took = Stopwatch.GetElapsedTime(startedAt);

        AssertSame(former, again.Get<TelemetryStore>());
        Assert.NotEqual(former.SessionId, again.Get<TelemetryStore>().SessionId);
        Assert.InRange(took.TotalSeconds, 0, 10);
        TestContext.Current.TestOutputHelper?.WriteLine($"Started with its history in {took.TotalMilliseconds:0} ms.");
    }

    [Fact]
    public async Task Aggregator_WithADamagedSnapshot_SetsItAsideAndStarts()
    {
        await File.WriteAllTextAsync(FilePath, "no snapshot at all", TestContext.Current.CancellationToken);
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Snapshot:Directory=" + _directory);

        Assert.Equal(0, aggregator.Get<TelemetryStore>().SeriesCount);
        Assert.Equal([Path.GetFileName(FilePath)], Directory.GetFiles(_directory).Select(file => Path.GetFileName(file).Split(".damaged")[0]));
        Assert.Contains(".damaged-", Directory.GetFiles(_directory)[0], StringComparison.Ordinal);
    }

    private static TestSource Fill(TelemetryStore store, out Series[] series, bool isSealed = true)
    {
        TestSource source = new(store);
        Series[] gauges = source.AddMany(3);
        Series counter = source.Add("total", SeriesKind.Counter, ("route", "/pay"));
        Series latency = source.Add("latency", SeriesKind.Histogram);
        Random random = new(1);
        for (int i = 0; i < 1000; i++)
        {
            long timestampNs = StartNs + (i * Second / 50);
            source.AppendRow(timestampNs, gauges[0], random.NextDouble(), i, i % 7 == 0 ? double.NaN : i / 10.0);
            source.Append(counter, timestampNs, (ulong)i * 3);
            source.Append(latency, timestampNs, new HistogramSample { Count = 3, Sum = i, Min = 1, Max = 2, Scale = 3, PositiveOffset = i % 5, PositiveCounts = [1, 2] });
        }
        source.AppendAggregate(gauges[1], StartNs + (20 * Second), 4, new AggregateSlot { Min = 1, Max = 2, Sum = 3, Count = 5 });
        if (isSealed)
        {
            new HistorySealer(store).SealAll(StartNs + (21 * Second), long.MaxValue);
        }
        series = [.. gauges, counter, latency];
        return source;
    }

    private static void AssertSame(TelemetryStore expected, TelemetryStore actual)
    {
        for (uint id = 1; id <= expected.SeriesCount; id++)
        {
            Series was = expected.SeriesById(id)!;
            Series isNow = actual.SeriesById(id)!;
            Assert.Equal((was.ToString(), was.Unit, was.Kind, was.Head), (isNow.ToString(), isNow.Unit, isNow.Kind, isNow.Head));
            if (was.Kind == SeriesKind.Histogram)
            {
                HistogramBuffer wasRows = new();
                HistogramBuffer isRows = new();
                expected.ReadHistograms(was, 0, long.MaxValue, wasRows);
                actual.ReadHistograms(isNow, 0, long.MaxValue, isRows);
                Assert.Equal(Enumerable.Range(0, wasRows.Count).Select(row => wasRows[row]), Enumerable.Range(0, isRows.Count).Select(row => isRows[row]));
                wasRows.Clear();
                isRows.Clear();
                expected.ReadHistogramRollups(was, 0, long.MaxValue, wasRows);
                actual.ReadHistogramRollups(isNow, 0, long.MaxValue, isRows);
                Assert.InRange(wasRows.Count, 1, 30);
                Assert.Equal(Enumerable.Range(0, wasRows.Count).Select(row => wasRows[row]), Enumerable.Range(0, isRows.Count).Select(row => isRows[row]));
                continue;
            }
            SampleBuffer wasSamples = new();
            SampleBuffer isSamples = new();
            Assert.Equal(expected.Read(was, 0, long.MaxValue, wasSamples), actual.Read(isNow, 0, long.MaxValue, isSamples));
            Assert.Equal(wasSamples.TimestampsNs[..wasSamples.Count], isSamples.TimestampsNs[..isSamples.Count]);
            Assert.Equal(wasSamples.Bits[..wasSamples.Count], isSamples.Bits[..isSamples.Count]);
            Assert.Equal(wasSamples.Counts[..wasSamples.Count], isSamples.Counts[..isSamples.Count]);
        }
    }
}
