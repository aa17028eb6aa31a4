using System.Buffers.Binary;
using System.Numerics;

namespace Observability.Agent.Batching;

/// <summary>
/// One batch on its way through the spill file: a header of 24 bytes (CRC-32C of all that follows it, length, samples, a reserved word, when it was appended;
/// little-endian) and the batch's bytes. The same in memory as on disk.
/// </summary>
internal readonly ref struct SpillRecord
{
    public const int HeaderBytes = 24;

    private const int LengthAt = 4;
    private const int SamplesAt = 8;
    private const int AppendedAt = 16;

    private readonly ReadOnlySpan<byte> _record;

    private SpillRecord(ReadOnlySpan<byte> record) => _record = record;

    /// <summary>Bytes of header and batch together.</summary>
    public int Size => _record.Length;

    public int SampleCount => SamplesOf(_record);

    public long AppendedNs => BinaryPrimitives.ReadInt64LittleEndian(_record[AppendedAt..]);

    public ReadOnlySpan<byte> Batch => _record[HeaderBytes..];

    public bool IsIntact => BinaryPrimitives.ReadUInt32LittleEndian(_record) == Checksum(_record[LengthAt..]);

    /// <summary>The record at the start of the bytes; false when they do not hold a whole one.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out SpillRecord record)
    {
        record = default;
        if (bytes.Length < HeaderBytes)
        {
            return false;
        }
        int size = SizeOf(bytes);
        if (size < HeaderBytes || size > bytes.Length)
        {
            return false;
        }
        record = new SpillRecord(bytes[..size]);
        return true;
    }

    /// <summary>What the header says of the whole record's size; not positive when that cannot be.</summary>
    public static int SizeOf(ReadOnlySpan<byte> header)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(header[LengthAt..]);
        return length < 0 ? 0 : unchecked(HeaderBytes + length);
    }

    public static int SamplesOf(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadInt32LittleEndian(header[SamplesAt..]);

    /// <summary>Writes a record without its checksum, which <see cref="Seal"/> adds.</summary>
    public static void Write(Span<byte> destination, ReadOnlySpan<byte> batch, int sampleCount, long appendedNs)
    {
        destination[..HeaderBytes].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(destination[LengthAt..], batch.Length);
        BinaryPrimitives.WriteInt32LittleEndian(destination[SamplesAt..], sampleCount);
        BinaryPrimitives.WriteInt64LittleEndian(destination[AppendedAt..], appendedNs);
        batch.CopyTo(destination[HeaderBytes..]);
    }

    public static void Seal(Span<byte> record) => BinaryPrimitives.WriteUInt32LittleEndian(record, Checksum(record[LengthAt..]));

    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint checksum = uint.MaxValue;
        while (bytes.Length >= sizeof(ulong))
        {
            checksum = BitOperations.Crc32C(checksum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }
        foreach (byte one in bytes)
        {
            checksum = BitOperations.Crc32C(checksum, one);
        }
        return ~checksum;
    }
}
