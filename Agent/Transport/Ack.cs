using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Observability.Agent.Transport;

/// <summary>
/// What the agent reads of an Ack; fields it does not use are skipped. One object is read into again and again, by one thread at a time;
/// only the message of one that rejects samples allocates.
/// </summary>
internal sealed class Ack
{
    private const int VarintBytesMax = 10;

    public ulong Rejected { get; private set; }

    public string Message { get; private set; } = "";

    public ulong Sequence { get; private set; }

    public ulong ServerTimeNs { get; private set; }

    public ulong ServerSessionId { get; private set; }

    public ulong EchoSentAtNs { get; private set; }

    public ulong RetryAfterMs { get; private set; }

    /// <summary>False when the bytes read last are no Ack: malformed, or without the session that every Ack has.</summary>
    public bool IsValid { get; private set; }

    public void Read(in ReadOnlySequence<byte> message) => Read(message.IsSingleSegment ? message.FirstSpan : message.ToArray());

    public void Read(ReadOnlySpan<byte> bytes)
    {
        (Rejected, Message, Sequence, ServerTimeNs, ServerSessionId, EchoSentAtNs, RetryAfterMs) = (0, "", 0, 0, 0, 0, 0);
        IsValid = TryReadFields(bytes) && ServerSessionId != 0;
    }

    private bool TryReadFields(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (!TryVarint(ref bytes, out ulong tag) || tag >> 3 == 0)
            {
                return false;
            }
            bool read = (tag & 7) switch
            {
                0 => TryNumber(ref bytes, tag >> 3),
                1 => TryFixed64(ref bytes, tag >> 3),
                2 => TryBytes(ref bytes, tag >> 3),
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

    private bool TryNumber(ref ReadOnlySpan<byte> bytes, ulong field)
    {
        if (!TryVarint(ref bytes, out ulong value))
        {
            return false;
        }
        switch (field)
        {
            case 2:
                Rejected = value;
                break;
            case 4:
                Sequence = value;
                break;
            case 10:
                RetryAfterMs = value;
                break;
        }
        return true;
    }

    private bool TryFixed64(ref ReadOnlySpan<byte> bytes, ulong field)
    {
        if (!BinaryPrimitives.TryReadUInt64LittleEndian(bytes, out ulong value))
        {
            return false;
        }
        bytes = bytes[sizeof(ulong)..];
        switch (field)
        {
            case 5:
                ServerTimeNs = value;
                break;
            case 6:
                ServerSessionId = value;
                break;
            case 7:
                EchoSentAtNs = value;
                break;
        }
        return true;
    }

    private bool TryBytes(ref ReadOnlySpan<byte> bytes, ulong field)
    {
        if (!TryVarint(ref bytes, out ulong length) || length > (ulong)bytes.Length)
        {
            return false;
        }
        if (field == 3)
        {
            Message = Encoding.UTF8.GetString(bytes[..(int)length]);
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
