using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Observability.Protocol;

/// <summary>The prefix of a message: one byte that says whether it is compressed, and its length in four bytes, big-endian.</summary>
public static class GrpcMessage
{
    public const int PrefixBytes = 5;

    public static void WritePrefix(Span<byte> destination, bool compressed, int messageBytes)
    {
        destination[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(destination[1..], messageBytes);
    }

    /// <summary>False when fewer than five bytes are there. The flag is returned as it came: only 0 and 1 are valid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadPrefix(in ReadOnlySequence<byte> source, out byte flag, out uint messageBytes)
    {
        ReadOnlySpan<byte> first = source.FirstSpan;
        if (first.Length >= PrefixBytes)
        {
            flag = first[0];
            messageBytes = BinaryPrimitives.ReadUInt32BigEndian(first[1..]);
            return true;
        }
        return TryReadSplitPrefix(source, out flag, out messageBytes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryReadSplitPrefix(in ReadOnlySequence<byte> source, out byte flag, out uint messageBytes)
    {
        if (source.Length < PrefixBytes)
        {
            flag = 0;
            messageBytes = 0;
            return false;
        }
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        source.Slice(0, PrefixBytes).CopyTo(prefix);
        flag = prefix[0];
        messageBytes = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        return true;
    }
}
