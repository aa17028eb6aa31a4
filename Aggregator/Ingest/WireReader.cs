using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] Reads protobuf's wire format from contiguous bytes. Nothing throws and nothing allocates: a method that returns false
/// has set <see cref="Fault"/>. Every read is checked against <see cref="End"/>, which never exceeds the bytes given.
/// </summary>
internal ref struct WireReader
{
    public const int Varint = 0;
    public const int Fixed64 = 1;
    public const int Bytes = 2;
    public const int GroupStart = 3;
    public const int GroupEnd = 4;
    public const int Fixed32 = 5;

    /// <summary>In eight bytes of a varint, the bits that say that another byte follows.</summary>
    public const ulong Continues = 0x8080_8080_8080_8080;

    public const string NotUtf8 = "is not valid UTF-8";

    private const int VarintBytesMax = 10;

    private readonly ReadOnlySpan<byte> _bytes;

    public WireReader(ReadOnlySpan<byte> bytes, int at, int end)
    {
        _bytes = bytes[..end];
        At = at;
        Fault = null;
    }

    public int At;

    /// <summary>What is wrong: the rest of a sentence whose subject is the field.</summary>
    public string? Fault;

    public readonly int End => _bytes.Length;

    public readonly bool AtEnd => At >= _bytes.Length;

    public readonly int Remaining => _bytes.Length - At;

    private readonly ref byte Current => ref Unsafe.Add(ref MemoryMarshal.GetReference(_bytes), At);

    /// <summary>The body of a field of <paramref name="length"/> bytes that begins here; this reader steps over it.</summary>
    public WireReader Take(int length)
    {
        WireReader body = new(_bytes, At, At + length);
        At += length;
        return body;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadTag(out uint tag)
    {
        if (At < _bytes.Length && Current is > 7 and < 0x80)
        {
            tag = Current;
            At++;
            return (tag & 7) is not (GroupEnd or > Fixed32) || FailTag(tag);
        }
        return TryReadLongTag(out tag);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadVarint(out ulong value)
    {
        if (At < _bytes.Length && Current < 0x80)
        {
            value = Current;
            At++;
            return true;
        }
        return TryReadLongVarint(out value);
    }

    /// <summary>The length of a bytes field, checked against what is left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadLength(out int length)
    {
        bool read = TryReadVarint(out ulong value);
        length = (int)value;
        return read && (value <= (ulong)Remaining || Fail("is longer than the message that holds it"));
    }

    /// <summary>
    /// Where a text lies. Whoever meets it the first time checks that it is UTF-8; a former value of the field, which this one replaces, is checked here.
    /// </summary>
    public bool TryReadText(ref int at, ref int length)
    {
        if (length > 0 && !Utf8.IsValid(_bytes.Slice(at, length)))
        {
            return Fail(NotUtf8);
        }
        if (!TryReadLength(out int bytes))
        {
            return false;
        }
        (at, length) = (At, bytes);
        At += bytes;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadFixed64(out ulong value)
    {
        if (Remaining >= sizeof(ulong))
        {
            value = BinaryPrimitives.ReadUInt64LittleEndian(_bytes[At..]);
            At += sizeof(ulong);
            return true;
        }
        value = 0;
        return FailTruncated();
    }

    /// <summary>The message up to <see cref="End"/>; <see cref="At"/> counts from its start.</summary>
    public readonly ReadOnlySpan<byte> Message => _bytes;

    /// <summary>What is not read yet.</summary>
    public readonly ReadOnlySpan<byte> Rest => _bytes[At..];

    public readonly bool StartsWith(ReadOnlySpan<byte> prefix) => _bytes[At..].StartsWith(prefix);

    /// <summary>The byte <paramref name="offset"/> further on, or 0 past the end: 0 is no valid tag.</summary>
    public readonly byte Peek(int offset) => At + offset < _bytes.Length ? _bytes[At + offset] : (byte)0;

    /// <summary>Steps over a field whose number this program does not know, groups included.</summary>
    public bool TrySkip(uint tag)
    {
        switch ((int)(tag & 7))
        {
            case Varint:
                return TryReadVarint(out _);
            case Fixed64:
                return TryStep(sizeof(ulong));
            case Bytes:
                return TryReadLength(out int length) && TryStep(length);
            case Fixed32:
                return TryStep(sizeof(uint));
            default:
                return TrySkipGroup(tag >> 3);
        }
    }

    /// <summary>Groups nest; 100 deep is where Google's own parsers stop too.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TrySkipGroup(uint field)
    {
        const int DepthMax = 100;
        Span<uint> open = stackalloc uint[DepthMax];
        open[0] = field;
        int depth = 1;
        while (depth > 0)
        {
            if (!TryReadRawTag(out uint tag))
            {
                return false;
            }
            switch ((int)(tag & 7))
            {
                case GroupStart when depth == DepthMax:
                    return Fail("nests groups more than 100 deep");
                case GroupStart:
                    open[depth++] = tag >> 3;
                    break;
                case GroupEnd when open[--depth] != tag >> 3:
                    return Fail("ends a group that was not begun");
                case GroupEnd:
                    break;
                default:
                    if (!TrySkip(tag))
                    {
                        return false;
                    }
                    break;
            }
        }
        return true;
    }

    private bool TryStep(int count)
    {
        if (count > Remaining)
        {
            return FailTruncated();
        }
        At += count;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryReadLongTag(out uint tag) => TryReadRawTag(out tag) && ((tag & 7) != GroupEnd || FailTag(tag));

    private bool TryReadRawTag(out uint tag)
    {
        bool read = TryReadVarint(out ulong value);
        tag = (uint)value;    // As every parser does, what lies above 32 bits is ignored.
        return read && ((tag >> 3 != 0 && (tag & 7) <= Fixed32) || FailTag(tag));
    }

    /// <summary>
    /// Two bytes and more. Reads eight bytes as one word: a timestamp has nine bytes, and read one by one they cost as much as all the rest of
    /// a sample.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryReadLongVarint(out ulong value)
    {
        if (Remaining < VarintBytesMax || !BitConverter.IsLittleEndian)
        {
            return TryReadVarintByBytes(out value);
        }
        ref byte start = ref Current;
        ulong bytes = Unsafe.ReadUnaligned<ulong>(ref start);
        ulong ends = ~bytes & Continues;
        if (ends != 0)
        {
            value = Compact(bytes & (ends ^ (ends - 1)));    // Bytes behind the last one belong to the next field.
            At += (BitOperations.TrailingZeroCount(ends) >> 3) + 1;
            return true;
        }
        ulong ninth = Unsafe.Add(ref start, 8);
        ulong tenth = ninth < 0x80 ? 0UL : Unsafe.Add(ref start, 9);
        value = Compact(bytes) | ((ninth & 0x7F) << 56) | (tenth << 63);
        At += ninth < 0x80 ? 9 : VarintBytesMax;
        return tenth < 0x80 || Fail("is a number of more than 10 bytes");
    }

    /// <summary>Puts the seven low bits of each of eight bytes side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Compact(ulong bytes)
    {
        bytes = (bytes & 0x007F_007F_007F_007F) | ((bytes & 0x7F00_7F00_7F00_7F00) >> 1);
        bytes = (bytes & 0x0000_3FFF_0000_3FFF) | ((bytes & 0x3FFF_0000_3FFF_0000) >> 2);
        return (bytes & 0x0000_0000_0FFF_FFFF) | ((bytes & 0x0FFF_FFFF_0000_0000) >> 4);
    }

    private bool TryReadVarintByBytes(out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 7 * VarintBytesMax; shift += 7)
        {
            if (At >= _bytes.Length)
            {
                return FailTruncated();
            }
            byte next = Current;
            At++;
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }
        return Fail("is a number of more than 10 bytes");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool FailTag(uint tag) => Fail((tag & 7) switch
    {
        GroupEnd => "ends a group that was not begun",
        > Fixed32 => "has a wire type that does not exist",
        _ => "has field number 0",
    });

    /// <summary>For bytes that passed the structural pass and are read once more.</summary>
    public static void Require(bool read)
    {
        if (!read)
        {
            throw new UnreachableException("BUG: bytes that passed the structural pass cannot be read again.");
        }
    }

    private bool FailTruncated() => Fail("is cut off by the message's end");

    private bool Fail(string fault)
    {
        Fault = fault;
        return false;
    }
}

/// <summary>
/// A message field that should stand once and legally comes in several pieces, which then mean what they mean one after another. Readers go through
/// the pieces where they lie, so nothing is copied.
/// </summary>
internal struct FieldPieces
{
    private int _start;    // Behind the first piece's tag.
    private int _end;

    public int Count { get; private set; }

    /// <summary>Start and length in one word; the whole of them, with whatever lies between two pieces.</summary>
    public readonly ulong Place => ((ulong)(uint)_start << 32) | (uint)(_end - _start);

    /// <summary>Adds the piece whose tag was read; false when its length cannot be read.</summary>
    public bool TryAdd(ref WireReader reader, out WireReader piece)
    {
        int start = reader.At;
        if (!reader.TryReadLength(out int length))
        {
            piece = default;
            return false;
        }
        piece = reader.Take(length);
        _start = Count++ == 0 ? start : _start;
        _end = reader.At;
        return true;
    }

    public readonly PieceReader Read(ReadOnlySpan<byte> message, uint tag) => new(message, Place, tag);
}

/// <summary>[Data plane] Goes through the pieces of a field. The structural pass has read them before, so nothing can be wrong with them.</summary>
internal ref struct PieceReader(ReadOnlySpan<byte> message, ulong place, uint tag)
{
    private WireReader _reader = new(message, (int)(place >> 32), (int)(place >> 32) + (int)place);
    private bool _isBehindTag = true;

    public bool TryNext(out WireReader piece)
    {
        while (!_reader.AtEnd)
        {
            uint next = tag;
            WireReader.Require(_isBehindTag || _reader.TryReadTag(out next));
            _isBehindTag = false;
            if (next == tag)
            {
                WireReader.Require(_reader.TryReadLength(out int length));
                piece = _reader.Take(length);
                return true;
            }
            WireReader.Require(_reader.TrySkip(next));
        }
        piece = default;
        return false;
    }
}
