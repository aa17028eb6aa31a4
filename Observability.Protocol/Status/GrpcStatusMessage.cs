using System.Buffers;
using System.Text;

namespace Observability.Protocol;

/// <summary>Percent-encoding of the header grpc-message: UTF-8, where all but printable ASCII, and the percent sign, is %XX.</summary>
public static class GrpcStatusMessage
{
    /// <summary>Longest encoded message sent. Peers refuse a whole header block above 8 to 16 KB, and the status would be lost with it.</summary>
    public const int EncodedBytesMax = 4096;

    private const string Hex = "0123456789ABCDEF";
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        " !\"#$&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    /// <summary>Encodes, and cuts after the last whole character that fits <see cref="EncodedBytesMax"/>.</summary>
    public static string Encode(string message)
    {
        if (message.Length <= EncodedBytesMax && !message.AsSpan().ContainsAnyExcept(Plain))
        {
            return message;
        }
        var encoded = new StringBuilder(Math.Min(message.Length + 32, EncodedBytesMax));
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in message.EnumerateRunes())
        {
            int count = rune.EncodeToUtf8(utf8);
            bool plain = rune.IsAscii && Plain.Contains((char)rune.Value);
            if (encoded.Length + (plain ? 1 : 3 * count) > EncodedBytesMax)
            {
                break;
            }
            if (plain)
            {
                encoded.Append((char)rune.Value);
                continue;
            }
            foreach (byte octet in utf8[..count])
            {
                encoded.Append('%').Append(Hex[octet >> 4]).Append(Hex[octet & 15]);
            }
        }
        return encoded.ToString();
    }

    /// <summary>Decodes leniently, as the protocol asks: a percent sign without two hexadecimal digits stands for itself.</summary>
    public static string Decode(string encoded)
    {
        if (!encoded.Contains('%', StringComparison.Ordinal))
        {
            return encoded;
        }
        byte[] source = Encoding.UTF8.GetBytes(encoded);
        int length = 0;
        for (int index = 0; index < source.Length; index++)
        {
            byte octet = source[index];
            if (octet == '%' && index + 2 < source.Length
                && char.IsAsciiHexDigit((char)source[index + 1]) && char.IsAsciiHexDigit((char)source[index + 2]))
            {
                octet = (byte)((HexValue(source[index + 1]) << 4) | HexValue(source[index + 2]));
                index += 2;
            }
            source[length++] = octet;              // never overtakes the reading index
        }
        return Encoding.UTF8.GetString(source, 0, length);
    }

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
