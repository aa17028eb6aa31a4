using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Observability.Agent.Batching;

/// <summary>
/// The spill file: a header (name, version, session, what is in it, checksum), then <see cref="SpillRecord"/>s, first in first out, in a circle of fixed
/// size. Full means the oldest makes room. What it holds is known here, not by the file: the file serves the process that wrote it, and tells
/// another one only what was lost. Locked against other processes. The spill thread's alone; I/O errors are thrown.
/// </summary>
internal sealed class SpillFile(string path, long bytesMax, ulong sessionId) : IDisposable
{
    public const int HeaderBytes = 64;
    internal const uint Version = 1;

    private const int VersionAt = 8;
    private const int BatchesAt = 24;
    private const int SamplesAt = 32;
    private const int ChecksumAt = 60;
    private const long NotWrapped = -1;

    private readonly byte[] _header = new byte[HeaderBytes];
    private FileStream? _file;
    private long _head = HeaderBytes;
    private long _tail = HeaderBytes;
    private long _wrapAt = NotWrapped;

    private static ReadOnlySpan<byte> Magic => "OBSSPIL\n"u8;

    private SafeFileHandle Handle => _file!.SafeFileHandle;

    public string Path => path;

    public long Batches { get; private set; }

    public long Samples { get; private set; }

    public bool IsEmpty => Batches == 0;

    /// <summary>Opens the file if it is not yet. What an earlier process left in it: it belongs to a session that has ended, and is discarded.</summary>
    public SpillLeftover? Open()
    {
        if (_file is not null)
        {
            return null;
        }
        if (System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) is { Length: > 0 } directory)
        {
            Directory.CreateDirectory(directory);
        }
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        var file = new FileStream(path, options);
        try
        {
            SpillLeftover? leftover = file.CanSeek ? ReadLeftover(file.SafeFileHandle) : throw new IOException("It is no ordinary file.");
            RandomAccess.SetLength(file.SafeFileHandle, 0);
            WriteHeader(file.SafeFileHandle);
            _file = file;
            return leftover;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes the first records, as many as lie together, and returns their bytes. What had to make room for them comes back in
    /// <paramref name="givenUp"/>, also when 0 bytes were written: then there is more to make room for.
    /// </summary>
    public int Append(Span<byte> records, out SpillCount givenUp)
    {
        givenUp = default;
        Open();
        long room = _wrapAt == NotWrapped ? bytesMax - _tail : _head - _tail;
        (int bytes, SpillCount count) = Seal(records, room);
        if (bytes == 0)
        {
            givenUp = MakeRoom();
            return 0;
        }
        RandomAccess.Write(Handle, records[..bytes], _tail);
        _tail += bytes;
        Batches += count.Batches;
        Samples += count.Samples;
        WriteHeader(Handle);
        return bytes;
    }

    /// <summary>Reads the oldest records into the buffer, whole ones, which grows if the first is larger. 0: they are damaged.</summary>
    public int Read(ref byte[] buffer)
    {
        long end = _wrapAt == NotWrapped ? _tail : _wrapAt;
        int wanted = (int)Math.Min(buffer.Length, end - _head);
        int read = RandomAccess.Read(Handle, buffer.AsSpan(0, wanted), _head);
        if (read >= SpillRecord.HeaderBytes && SpillRecord.SizeOf(buffer) > read && SpillRecord.SizeOf(buffer) <= end - _head)
        {
            buffer = new byte[SpillRecord.SizeOf(buffer)];
            read = RandomAccess.Read(Handle, buffer, _head);
        }
        int whole = 0;
        while (SpillRecord.TryRead(buffer.AsSpan(whole, read - whole), out SpillRecord record) && record.IsIntact)
        {
            whole += record.Size;
        }
        return whole;
    }

    /// <summary>The oldest records are not needed any more.</summary>
    public void Remove(int bytes, SpillCount count)
    {
        Forget(bytes, count);
        if (IsEmpty)
        {
            RandomAccess.SetLength(Handle, HeaderBytes);          // the disk is for others again
        }
        WriteHeader(Handle);
    }

    /// <summary>Gives up all that is in the file, because it cannot be read.</summary>
    public SpillCount Clear()
    {
        SpillCount count = new(Batches, Samples);
        Forget(0, count);
        return count;
    }

    /// <summary>Closes the file and deletes it: nothing in it is needed any more.</summary>
    public void Delete()
    {
        if (_file is null)
        {
            return;
        }
        if (OperatingSystem.IsWindows())
        {
            Dispose();
            File.Delete(path);
            return;
        }
        File.Delete(path);                      // while it is still locked: not one that another process has just made
        Dispose();
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private static SpillLeftover? ReadLeftover(SafeFileHandle handle)
    {
        long length = RandomAccess.GetLength(handle);
        if (length == 0)
        {
            return null;
        }
        byte[] header = new byte[HeaderBytes];
        int read = RandomAccess.Read(handle, header, 0);
        if (read < Magic.Length || !header.AsSpan().StartsWith(Magic))
        {
            throw new IOException("It exists and is no spill file, so it is left alone.");
        }
        bool isReadable = read == HeaderBytes && BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(VersionAt)) == Version
            && BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(ChecksumAt)) == SpillRecord.Checksum(header.AsSpan(0, ChecksumAt));
        if (!isReadable)
        {
            return new SpillLeftover(length, null);
        }
        var count = new SpillCount(
            BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(BatchesAt)), BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(SamplesAt)));
        return count.Batches == 0 ? null : new SpillLeftover(length, count);
    }

    // How many of the records fit into the room, with their checksums written.
    private static (int Bytes, SpillCount Count) Seal(Span<byte> records, long room)
    {
        int bytes = 0;
        SpillCount count = default;
        while (SpillRecord.TryRead(records[bytes..], out SpillRecord record) && bytes + record.Size <= room)
        {
            SpillRecord.Seal(records.Slice(bytes, record.Size));
            count = new SpillCount(count.Batches + 1, count.Samples + record.SampleCount);
            bytes += record.Size;
        }
        return (bytes, count);
    }

    private SpillCount MakeRoom()
    {
        if (_wrapAt == NotWrapped)
        {
            (_wrapAt, _tail) = (_tail, HeaderBytes);
            return default;
        }
        Span<byte> header = stackalloc byte[SpillRecord.HeaderBytes];
        int read = RandomAccess.Read(Handle, header, _head);
        int size = read < header.Length ? 0 : SpillRecord.SizeOf(header);
        if (size <= 0 || _head + size > _wrapAt)
        {
            return Clear();
        }
        SpillCount oldest = new(1, SpillRecord.SamplesOf(header));
        Forget(size, oldest);
        return oldest;
    }

    // No I/O: nothing can go wrong between what was given up and its being counted.
    private void Forget(int bytes, SpillCount count)
    {
        _head += bytes;
        Batches -= count.Batches;
        Samples -= count.Samples;
        if (IsEmpty)
        {
            (_head, _tail, _wrapAt) = (HeaderBytes, HeaderBytes, NotWrapped);
        }
        else if (_head == _wrapAt)
        {
            (_head, _wrapAt) = (HeaderBytes, NotWrapped);
        }
    }

    private void WriteHeader(SafeFileHandle handle)
    {
        Span<byte> header = _header;
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[VersionAt..], Version);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], sessionId);
        BinaryPrimitives.WriteInt64LittleEndian(header[BatchesAt..], Batches);
        BinaryPrimitives.WriteInt64LittleEndian(header[SamplesAt..], Samples);
        BinaryPrimitives.WriteUInt32LittleEndian(header[ChecksumAt..], SpillRecord.Checksum(header[..ChecksumAt]));
        RandomAccess.Write(handle, header, 0);
    }
}

/// <summary>Batches, and samples in them.</summary>
internal readonly record struct SpillCount(long Batches, long Samples);

/// <summary>What an earlier process left in the file; without a count when that cannot be read.</summary>
internal readonly record struct SpillLeftover(long Bytes, SpillCount? Count);
