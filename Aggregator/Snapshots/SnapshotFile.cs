using System.Text;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Snapshots;

/// <summary>
/// The file: a name and version, the content, its CRC-32C. Written beside and renamed, so that there is a whole one or none; checked whole before anything of it
/// is used.
/// </summary>
internal static class SnapshotFile
{
    public const string Name = "history.snapshot";

    private const uint Version = 2;
    private const int BufferBytes = 1024 * 1024;

    private static ReadOnlySpan<byte> Magic => "OBSHIST\n"u8;

    /// <summary>Throws IOException when the disk refuses; the former file is then still there.</summary>
    public static long Write(string directory, TelemetryStore store)
    {
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, Name);
        string beside = path + ".new";
        try
        {
            using (FileStream file = new(beside, FileMode.Create, FileAccess.Write, FileShare.None, BufferBytes))
            {
                ChecksumStream summed = new(file);
                using BinaryWriter to = new(summed, Encoding.UTF8, leaveOpen: true);
                to.Write(Magic);
                to.Write(Version);
                new SnapshotWriter(store, to).Write();
                to.Flush();
                file.Write(BitConverter.GetBytes(summed.Checksum));
                file.Flush(flushToDisk: true);
            }
            File.Move(beside, path, overwrite: true);
            return new FileInfo(path).Length;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            TryDelete(beside);
            throw;
        }
    }

    /// <summary>Null when all was well, or there is no file; else why it is damaged: nothing of it was used.</summary>
    public static string? Read(string path, TelemetryStore store, out SnapshotReader? read)
    {
        read = null;
        if (!File.Exists(path))
        {
            return null;
        }
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes);
        if (Check(file) is { } damage)
        {
            return damage;
        }
        file.Position = Magic.Length + sizeof(uint);
        using BinaryReader from = new(file, Encoding.UTF8, leaveOpen: true);
        read = new SnapshotReader(store, from);
        read.Read();
        return null;
    }

    private static string? Check(FileStream file)
    {
        long content = file.Length - sizeof(uint);
        Span<byte> head = stackalloc byte[Magic.Length + sizeof(uint)];
        if (content < head.Length)
        {
            return $"it has {file.Length} bytes, which is less than an empty one";
        }
        file.ReadExactly(head);
        if (!head[..Magic.Length].SequenceEqual(Magic))
        {
            return "it does not begin as a snapshot does";
        }
        uint version = BitConverter.ToUInt32(head[Magic.Length..]);
        if (version != Version)
        {
            return $"it has version {version}, this program reads version {Version}";
        }
        file.Position = 0;
        ChecksumStream summed = new(file);
        byte[] buffer = new byte[BufferBytes];
        for (long left = content; left > 0;)
        {
            int count = summed.Read(buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)));
            if (count == 0)
            {
                return "it ends before its end";
            }
            left -= count;
        }
        Span<byte> checksum = stackalloc byte[sizeof(uint)];
        file.ReadExactly(checksum);
        return BitConverter.ToUInt32(checksum) == summed.Checksum ? null : "its checksum is not that of its content";
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What made writing fail is reported; the half file is overwritten by the next one.
            GC.KeepAlive(exception);
        }
    }
}
