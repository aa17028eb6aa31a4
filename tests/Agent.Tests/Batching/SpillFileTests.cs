using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Observability.Agent.Batching;

namespace Observability.Agent.Tests.Batching;

public sealed class SpillFileTests : IDisposable
{
    private const int BytesMax = 4_096;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("spill-");

    private string FilePath => Path.Combine(_directory.FullName, "agent.spill");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void AppendReadRemove_AnyOrderOfThem_IsAQueueThatGivesUpItsOldest()
    {
        var random = new Random(20_261);
        using var file = new SpillFile(FilePath, BytesMax, 7);
        Queue<byte[]> expected = [];
        byte[] buffer = new byte[300];
        byte next = 0;
        for (int step = 0; step < 20_000; step++)
        {
            if (random.Next(2) == 0)
            {
                byte[] batch = [.. Enumerable.Repeat(++next, random.Next(0, 700))];
                int givenUp = Append(file, batch);
                expected.Enqueue(batch);
                for (; givenUp > 0; givenUp--)
                {
                    expected.Dequeue();
                }
            }
            else if (!file.IsEmpty)
            {
                int bytes = file.Read(ref buffer);
                Assert.True(bytes > 0);
                Assert.True(SpillRecord.TryRead(buffer.AsSpan(0, bytes), out SpillRecord record));
                Assert.True(record.Batch.SequenceEqual(expected.Dequeue()));
                file.Remove(record.Size, new SpillCount(1, record.SampleCount));
            }
            Assert.Equal((expected.Count, expected.Sum(one => one.Length)), (file.Batches, file.Samples));
            Assert.InRange(new FileInfo(FilePath).Exists ? new FileInfo(FilePath).Length : 0, 0, BytesMax);
        }
    }

    [Fact]
    public void Remove_OfTheLast_GivesTheDiskBack()
    {
        using var file = new SpillFile(FilePath, BytesMax, 7);
        Append(file, new byte[1000]);
        byte[] buffer = new byte[BytesMax];
        file.Remove(file.Read(ref buffer), new SpillCount(1, 1000));
        Assert.Equal(SpillFile.HeaderBytes, new FileInfo(FilePath).Length);
    }

    [Fact]
    public void Read_OfBytesThatChangedOnDisk_GivesOnlyWhatIsIntact()
    {
        using var file = new SpillFile(FilePath, BytesMax, 7);
        Append(file, new byte[100]);
        Append(file, new byte[100]);
        using (FileStream disk = OpenInSpiteOfTheLock(FilePath))
        {
            disk.Position = SpillFile.HeaderBytes + SpillRecord.HeaderBytes + 100 + SpillRecord.HeaderBytes + 50;
            disk.WriteByte(1);
        }
        byte[] buffer = new byte[BytesMax];
        int first = file.Read(ref buffer);
        Assert.Equal(SpillRecord.HeaderBytes + 100, first);
        file.Remove(first, new SpillCount(1, 100));
        Assert.Equal(0, file.Read(ref buffer));
        Assert.Equal(new SpillCount(1, 100), file.Clear());
        Append(file, new byte[10]);
        Assert.Equal(SpillRecord.HeaderBytes + 10, file.Read(ref buffer));
    }

    [Fact]
    public void Open_AfterAProcessThatWasKilled_TellsWhatItLeftAndStartsEmpty()
    {
        var killed = new SpillFile(FilePath, BytesMax, 7);
        Append(killed, new byte[100]);
        Append(killed, new byte[30]);
        killed.Dispose();                                           // without Delete: as a kill leaves it
        using var file = new SpillFile(FilePath, BytesMax, 8);
        Assert.Equal(new SpillCount(2, 130), file.Open()!.Value.Count);
        Assert.True(file.IsEmpty);
        Assert.Equal(SpillFile.HeaderBytes, new FileInfo(FilePath).Length);
        file.Dispose();
        using var third = new SpillFile(FilePath, BytesMax, 9);
        Assert.Null(third.Open());
    }

    [Theory]
    [InlineData(8)]
    [InlineData(40)]
    [InlineData(70)]
    public void Open_OfAnotherVersionOrACutHeader_SaysThatItCannotBeRead(int length)
    {
        byte[] bytes = new byte[length];
        "OBSSPIL\n"u8.CopyTo(bytes);
        bytes.AsSpan(8).Fill(9);
        File.WriteAllBytes(FilePath, bytes);
        using var file = new SpillFile(FilePath, BytesMax, 8);
        SpillLeftover? leftover = file.Open();
        Assert.Equal((length, null), (leftover!.Value.Bytes, leftover.Value.Count));
    }

    [Fact]
    public void Open_OfAFileThatIsNoSpillFile_LeavesItAlone()
    {
        File.WriteAllText(FilePath, "precious");
        using var file = new SpillFile(FilePath, BytesMax, 8);
        Assert.Throws<IOException>(() => file.Open());
        Assert.Equal("precious", File.ReadAllText(FilePath));
    }

    [Fact]
    public void Open_OfAnotherAgentsFile_IsRefused()
    {
        using var first = new SpillFile(FilePath, BytesMax, 8);
        Append(first, new byte[10]);
        using var second = new SpillFile(FilePath, BytesMax, 9);
        Assert.Throws<IOException>(() => second.Open());
        byte[] buffer = new byte[BytesMax];
        Assert.Equal(SpillRecord.HeaderBytes + 10, first.Read(ref buffer));
    }

    [Fact]
    public void Delete_RemovesTheFile()
    {
        using var file = new SpillFile(FilePath, BytesMax, 8);
        file.Open();
        file.Delete();
        Assert.False(File.Exists(FilePath));
    }

    // A second handle in spite of the lock, as a fault of the disk has.
    internal static FileStream OpenInSpiteOfTheLock(string path) => new(new SafeFileHandle(open(path, 1), ownsHandle: true), FileAccess.Write);

    [DllImport("libc", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int open(string path, int flags);

    private static int Append(SpillFile file, byte[] batch)
    {
        byte[] record = new byte[SpillRecord.HeaderBytes + batch.Length];
        SpillRecord.Write(record, batch, batch.Length, 5);
        long givenUp = 0;
        int written;
        do
        {
            written = file.Append(record, out SpillCount count);
            givenUp += count.Batches;
        }
        while (written == 0);
        Assert.Equal(record.Length, written);
        return (int)givenUp;
    }
}
