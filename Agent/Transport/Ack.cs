using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Observability.Agent.Transport;

/// <summary>What the agent reads of an Ack; fields it does not use are skipped.</summary>
internal readonly record struct Ack
{
    private const int VarintBytesMax = 10;

    public ulong Rejected { get; init; }

    public string? Message { get; init; }

    public ulong Sequence { get; init; }

    public ulong ServerTimeNs { get; init; }

    public ulong ServerSessionId { get; init; }

    public ulong EchoSentAtNs { get; init; }

    public ulong RetryAfterMs { get; init; }

    /// <summary>False when the bytes are no protobuf message.</summary>
    public static bool TryRead(in ReadOnlySequence<byte> message, out Ack ack) =>
        TryRead(message.IsSingleSegment ? message.FirstSpan : message.ToArray(), out ack);

    public static bool TryRead(ReadOnlySpan<byte> bytes, out Ack ack)
    {
        ack = default;
        while (!bytes.IsEmpty)
        {
            if (!TryVarint(ref bytes, out ulong tag) || tag >> 3 == 0)
            {
                return false;
            }
            bool read = (tag & 7) switch
            {
                0 => TryNumber(ref bytes, tag >> 3, ref ack),
                1 => TryFixed64(ref bytes, tag >> 3, ref ack),
                2 => TryBytes(ref bytes, tag >> 3, ref ack),
                5 => TrySkip(ref bytes, sizeof(uint)),
                _ => false,
            };
            if (!read)
            {
                return false;
            }
        }
        return true;
    }

    private static bool TryNumber(ref ReadOnlySpan<byte> bytes, ulong field, ref Ack ack)
    {
        if (!TryVarint(ref bytes, out ulong value))
        {
            return false;
        }
        ack = field switch
        {
            2 => ack with { Rejected = value },
            4 => ack with { Sequence = value },
            10 => ack with { RetryAfterMs = value },
            _ => ack,
        };
        return true;
    }

    private static bool TryFixed64(ref ReadOnlySpan<byte> bytes, ulong field, ref Ack ack)
    {
        if (!BinaryPrimitives.TryReadUInt64LittleEndian(bytes, out ulong value))
        {
            return false;
        }
        bytes = bytes[sizeof(ulong)..];
        ack = field switch
        {
            5 => ack with { ServerTimeNs = value },
            6 => ack with { ServerSessionId = value },
            7 => ack with { EchoSentAtNs = value },
            _ => ack,
        };
        return true;
    }

    private static bool TryBytes(ref ReadOnlySpan<byte> bytes, ulong field, ref Ack ack)
    {
        if (!TryVarint(ref bytes, out ulong length) || length > (ulong)bytes.Length)
        {
            return false;
        }
        if (field == 3)
        {
            ack = ack with { Message = Encoding.UTF8.GetString(bytes[..(int)length]) };
        }
        bytes = bytes[(int)length..];
        return true;
    }

    private static bool TrySkip(ref ReadOnlySpan<byte> bytes, int size)
    {
        if (bytes.Length < size)
        {
            return false;
        }
        bytes = bytes[size..];
        return true;
    }

    private static bool TryVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (int i = 0; i < bytes.Length && i < VarintBytesMax; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }
        return false;
    }
}
