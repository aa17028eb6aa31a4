using System.Buffers.Binary;

namespace Observability.Aggregator.Ingest;

/// <summary>[Data plane] A 64-bit hash of short byte strings. The seed is drawn at start, so that no sender can choose names that collide.</summary>
internal static class SeededHash
{
    private const ulong Prime1 = 0x9E3779B97F4A7C15;
    private const ulong Prime2 = 0xE7037ED1A0B428DB;

    public static ulong Compute(ReadOnlySpan<byte> bytes, ulong seed)
    {
        ulong hash = Mix(seed ^ Prime1, (ulong)bytes.Length ^ Prime2);
        while (bytes.Length >= 8)
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes), Prime2);
            bytes = bytes[8..];
        }
        if (bytes.Length > 0)
        {
            hash = Mix(hash ^ Tail(bytes), Prime1);
        }
        return hash;
    }

    public static ulong Mix(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }

    private static ulong Tail(ReadOnlySpan<byte> bytes) => bytes.Length >= 4
        ? ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..])
        : ((ulong)bytes[0] << 16) | ((ulong)bytes[bytes.Length >> 1] << 8) | bytes[^1];
}
