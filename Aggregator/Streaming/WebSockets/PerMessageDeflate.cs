using System.IO.Compression;

namespace Observability.Aggregator.Streaming.WebSockets;

/// <summary>
/// The extension permessage-deflate (RFC 7692), without context from message to message: a message's compressed bytes depend on nothing before
/// it, so that a shared frame is compressed once for everyone.
/// </summary>
internal static class PerMessageDeflate
{
    public const string Name = "permessage-deflate";

    /// <summary>The answer to an offer that <see cref="IsOffered"/> found.</summary>
    public const string Answer = $"{Name}; {ServerNoContext}; {ClientNoContext}";

    private const string ServerNoContext = "server_no_context_takeover";
    private const string ClientNoContext = "client_no_context_takeover";
    private const string ServerWindow = "server_max_window_bits";
    private const string ClientWindow = "client_max_window_bits";

    private const int InflatedBytesFirst = 256;

    // What a flush of the encoder ends with; both sides leave it out (RFC 7692, 7.2.1).
    private static readonly byte[] Tail = [0x00, 0x00, 0xFF, 0xFF];

    /// <summary>True when one of the client's offers can be met. Our window has 15 bits: an offer that demands a smaller one cannot.</summary>
    public static bool IsOffered(IEnumerable<string?> headers) =>
        headers.SelectMany(header => (header ?? "").Split(',')).Any(IsAcceptable);

    /// <summary>
    /// Compresses into a frame of the pool, at the fastest level, since that is done up to 60 times a second; null when it does not make it smaller.
    /// </summary>
    public static PooledFrame? TryCompress(ReadOnlyMemory<byte> payload, FramePool pool)
    {
        PooledFrame compressed = pool.Rent(payload.Length);
        using var target = new FixedStream(compressed);
        using (var deflate = new DeflateStream(target, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(payload.Span);
            deflate.Flush();
            target.Seal();
        }
        if (target.IsOverflown || target.Count < Tail.Length)
        {
            compressed.Release();
            return null;
        }
        compressed.Shorten(target.Count - Tail.Length);
        return compressed;
    }

    /// <summary>The bytes as one stored block, which another compressed block may follow.</summary>
    public static byte[] Store(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > ushort.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(bytes), bytes.Length, "Cannot store more than 65,535 bytes in one block.");
        }
        ushort length = (ushort)bytes.Length;
        return [0, (byte)length, (byte)(length >> 8), (byte)~length, (byte)(~length >> 8), .. bytes];
    }

    /// <summary>Expands a client's message, never beyond one byte more than allowed. Most are acknowledgements: small, and so is their array.</summary>
    public static bool TryInflate(ReadOnlyMemory<byte> compressed, int bytesMax, out ReadOnlyMemory<byte> bytes, out bool isTooBig)
    {
        byte[] inflated = new byte[Math.Min(bytesMax + 1, Math.Max(InflatedBytesFirst, compressed.Length * 4))];
        using var source = new MemoryStream([.. compressed.Span, .. Tail]);
        using var inflate = new DeflateStream(source, CompressionMode.Decompress);
        bytes = default;
        isTooBig = false;
        try
        {
            int count = 0;
            int read;
            while ((read = inflate.Read(inflated.AsSpan(count))) > 0)
            {
                count += read;
                if (count == inflated.Length && count <= bytesMax)
                {
                    Array.Resize(ref inflated, Math.Min(bytesMax + 1, 2 * count));
                }
            }
            isTooBig = count > bytesMax;
            bytes = inflated.AsMemory(0, count);
            return !isTooBig;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static bool IsAcceptable(string offer)
    {
        string[] parts = offer.Split(';', StringSplitOptions.TrimEntries);
        return parts[0].Equals(Name, StringComparison.OrdinalIgnoreCase) && parts.Skip(1).All(IsAcceptableParameter)
            && parts.Skip(1).Select(NameOf).Distinct().Count() == parts.Length - 1;
    }

    private static bool IsAcceptableParameter(string parameter)
    {
        string value = parameter.Contains('=', StringComparison.Ordinal) ? parameter[(parameter.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim().Trim('"') : "";
        return NameOf(parameter) switch
        {
            ServerNoContext or ClientNoContext => value.Length == 0,
            ServerWindow => value == "15",
            ClientWindow => value is "" or "8" or "9" or "10" or "11" or "12" or "13" or "14" or "15",
            _ => false,
        };
    }

    private static string NameOf(string parameter) => parameter.Split('=')[0].Trim().ToLowerInvariant();
}
