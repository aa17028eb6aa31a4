using System.Buffers.Binary;
using System.Text;

namespace Observability.Aggregator.Tests.Streaming;

/// <summary>Frames as a client sends them, written out by the letter of RFC 6455.</summary>
internal static class ClientFrames
{
    public static byte[] Text(string text, byte first = 0x81) => Frame(first, Encoding.UTF8.GetBytes(text));

    public static byte[] Frame(byte first, byte[] payload, uint mask = 0xA1B2C3D4, bool isMasked = true)
    {
        var frame = new List<byte> { first };
        byte masked = isMasked ? (byte)0x80 : (byte)0;
        if (payload.Length < 126)
        {
            frame.Add((byte)(masked | payload.Length));
        }
        else
        {
            byte[] length = new byte[payload.Length <= ushort.MaxValue ? 2 : 8];
            if (length.Length == 2)
            {
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)payload.Length);
            }
            else
            {
                BinaryPrimitives.WriteUInt64BigEndian(length, (ulong)payload.Length);
            }
            frame.Add((byte)(masked | (length.Length == 2 ? 126 : 127)));
            frame.AddRange(length);
        }
        byte[] key = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(key, isMasked ? mask : 0);
        frame.AddRange(isMasked ? key : []);
        frame.AddRange(payload.Select((one, index) => (byte)(one ^ key[index % 4])));
        return [.. frame];
    }
}
