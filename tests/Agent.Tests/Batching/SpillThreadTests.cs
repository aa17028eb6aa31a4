using System.Collections.Concurrent;
using Observability.Agent.Batching;
using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Batching;

public sealed class SpillThreadTests : IDisposable
{
    private const int MemoryBytes = 65_536;
    private const int BatchBytes = 1_000;
    private const int BatchSamples = 10;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("spill-");
    private readonly ConcurrentQueue<(bool IsFault, string Message)> _reports = [];
    private long _nowNs = 1;
    private int _appended;

    private string FilePath => Path.Combine(_directory.FullName, "agent.spill");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Append_PastMemory_ComesBackInOrderAndWhole()
    {
        using Spilling spilling = Start();
        for (int i = 0; i < 20; i++)
        {
            Append(spilling.Log, 100);
            await Eventually.TrueAsync(() => spilling.IsStageEmpty());
        }
        LedgerCounts counts = spilling.Counts(out long[] dropped);
        Assert.Equal((20_000L, 20_000L, 0L), (counts.Recorded, counts.Pending, dropped.Sum()));
        Assert.InRange(counts.Spilled, 19_000, 20_000 - BatchSamples);
        await Eventually.TrueAsync(() => new FileInfo(FilePath).Length > 1_500_000);
        await DrainAsync(spilling.Log, [.. Enumerable.Range(0, 2_000)]);
        counts = spilling.Counts(out dropped);
        Assert.Equal((20_000L, 0L, 0L), (counts.Acknowledged, counts.Pending, dropped.Sum()));
        await Eventually.TrueAsync(() => new FileInfo(FilePath).Length == SpillFile.HeaderBytes);
    }

    [Fact]
    public async Task Append_WhileItDrains_StaysBehindWhatIsOnDisk()
    {
        using Spilling spilling = Start();
        Append(spilling.Log, 500);
        using var writer = new ProtoWriter();
        ulong cursor = 0;
        List<int> seen = [];
        await Eventually.TrueAsync(() =>
        {
            Append(spilling.Log, _appended < 1_500 ? 3 : 0);
            Take(spilling.Log, writer, ref cursor, seen);
            return seen.Count == _appended && _appended >= 1_500;
        });
        Assert.Equal(Enumerable.Range(0, _appended), seen);
        Assert.Equal(0, spilling.Counts(out long[] dropped).Pending + dropped.Sum());
    }

    [Fact]
    public async Task Append_PastTheFile_GivesUpTheOldestInItAndCountsThem()
    {
        using Spilling spilling = Start(fileBytesMax: 200_000);
        for (int i = 0; i < 100; i++)
        {
            Append(spilling.Log, 10);
            await Eventually.TrueAsync(() => spilling.IsStageEmpty());
        }
        await Eventually.TrueAsync(() => spilling.Counts(out _).Pending < 3_000);
        LedgerCounts counts = spilling.Counts(out long[] dropped);
        Assert.Equal(10_000, counts.Pending + dropped[(int)DropReason.SpillFull]);
        // Memory kept its 64 batches from before, the file what came last.
        int inMemory = (int)(20_000 - counts.Spilled - 10_000) / BatchSamples;
        int inFile = (int)counts.Pending / BatchSamples - inMemory;
        Assert.InRange(inFile, 150, 195);
        await DrainAsync(spilling.Log, [.. Enumerable.Range(0, inMemory), .. Enumerable.Range(1_000 - inFile, inFile)]);
        Append(spilling.Log, 5);
        await DrainAsync(spilling.Log, [.. Enumerable.Range(1_000, 5)]);           // and room again
    }

    [Fact]
    public async Task Append_WhileTheFileCannotBeWritten_CountsWhatIsLostAndGoesOnOnceItCan()
    {
        string inTheWay = Path.Combine(_directory.FullName, "directory");
        File.WriteAllText(inTheWay, "a file where a directory has to be");
        using Spilling spilling = Start(path: Path.Combine(inTheWay, "agent.spill"));
        await Eventually.TrueAsync(() => _reports.Any(report => report.IsFault));
        Assert.Contains("SPILL_PATH", _reports.First().Message, StringComparison.Ordinal);
        Append(spilling.Log, 3_000);
        LedgerCounts counts = spilling.Counts(out long[] dropped);
        Assert.True(dropped[(int)DropReason.SpillFailed] > 0);
        Assert.Equal(30_000, counts.Pending + dropped.Sum());
        Assert.Equal(dropped.Sum(), dropped[(int)DropReason.SpillFailed]);
        File.Delete(inTheWay);
        await Eventually.TrueAsync(() => _reports.Any(report => !report.IsFault));
        await DrainAsync(spilling.Log, null);
        counts = spilling.Counts(out long[] droppedAfter);
        Assert.Equal(30_000, counts.Acknowledged + droppedAfter.Sum());
        Assert.Equal(dropped, droppedAfter);
        Assert.Single(_reports, report => report.IsFault);
    }

    [Fact]
    public async Task ReadingBack_OfBytesThatChangedOnDisk_CountsThemAndGoesOn()
    {
        using Spilling spilling = Start();
        Append(spilling.Log, 1_000);
        await Eventually.TrueAsync(() => new FileInfo(FilePath).Length > 930_000);
        using (FileStream disk = SpillFileTests.OpenInSpiteOfTheLock(FilePath))
        {
            disk.Position = 700_000;
            disk.Write(new byte[3_000]);
        }
        await DrainAsync(spilling.Log, null);
        LedgerCounts counts = spilling.Counts(out long[] dropped);
        Assert.InRange(dropped[(int)DropReason.SpillFailed], 2_000, 4_000);
        Assert.Equal(10_000, counts.Acknowledged + dropped[(int)DropReason.SpillFailed]);
        Assert.Contains(_reports, report => report.Message.StartsWith("Cannot read back the spill file", StringComparison.Ordinal));
        Append(spilling.Log, 200);
        await DrainAsync(spilling.Log, [.. Enumerable.Range(1_000, 200)]);
    }

    [Fact]
    public void DropPending_CountsWhatIsInTheFileToo_AndTheFileGoes()
    {
        Spilling spilling = Start();
        Append(spilling.Log, 500);
        spilling.Log.DropPending(DropReason.NotDelivered);
        spilling.Dispose();
        LedgerCounts counts = spilling.Counts(out long[] dropped);
        Assert.Equal((0L, 5_000L), (counts.Pending, dropped[(int)DropReason.NotDelivered]));
        Assert.False(File.Exists(FilePath));
    }

    [Fact]
    public void Append_OfABatchThatTheFileCanNeverHold_IsTooLarge()
    {
        using Spilling spilling = Start(memoryBytes: 1 << 20, fileBytesMax: 65_536);
        Append(spilling.Log, 1_048);
        spilling.Log.Append(new byte[100_000], [new BatchSlice(0, 100_000, 7)], 0);
        LedgerCounts counts = spilling.Counts(out long[] dropped);
        Assert.Equal((10_480L, 7L), (counts.Pending, dropped[(int)DropReason.TooLarge]));
    }

    private Spilling Start(int memoryBytes = MemoryBytes, int fileBytesMax = 64 << 20, string? path = null)
    {
        var stage = new SpillStage(fileBytesMax);
        var log = new BatchLog(memoryBytes, TimeSpan.FromSeconds(10), () => _nowNs, stage);
        var thread = new SpillThread(
            log, stage, new SpillFile(path ?? FilePath, fileBytesMax, 3), () => { }, (isFault, message) => _reports.Enqueue((isFault, message)),
            fault => Assert.Fail(fault.ToString()));
        thread.Start();
        return new Spilling(log, stage, thread);
    }

    private void Append(BatchLog log, int count)
    {
        byte[] batch = new byte[BatchBytes];
        for (int i = 0; i < count; i++)
        {
            BitConverter.TryWriteBytes(batch, _appended++);
            log.Append(batch, [new BatchSlice(0, batch.Length, BatchSamples)], 0);
        }
    }

    private static void Take(BatchLog log, ProtoWriter writer, ref ulong cursor, List<int> seen)
    {
        writer.Clear();
        while (log.TryCopyPending(ref cursor, writer, out BatchToSend batch))
        {
            seen.Add(BitConverter.ToInt32(writer.Written));
            writer.Clear();
            log.Acknowledge(batch.Sequence, 0, 77);
        }
    }

    private static async Task DrainAsync(BatchLog log, int[]? expected)
    {
        using var writer = new ProtoWriter();
        ulong cursor = 0;
        List<int> seen = [];
        await Eventually.TrueAsync(() =>
        {
            Take(log, writer, ref cursor, seen);
            return !log.HasPending;
        });
        Assert.Equal(expected ?? [.. seen.Order()], seen);
    }

    private sealed record Spilling(BatchLog Log, SpillStage Stage, SpillThread Thread) : IDisposable
    {
        public LedgerCounts Counts(out long[] dropped)
        {
            dropped = new long[DropReasons.Count];
            return Log.Snapshot(dropped);
        }

        public bool IsStageEmpty() => Stage.StagedBytes == 0;

        public void Dispose()
        {
            Log.DropPending(DropReason.NotDelivered);
            Thread.Dispose();
        }
    }
}
