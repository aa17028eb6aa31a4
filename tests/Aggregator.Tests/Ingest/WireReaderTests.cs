using Google.Protobuf;
using Observability.Aggregator.Ingest;

namespace Observability.Aggregator.Tests.Ingest;

public sealed class WireReaderTests
{
    /// <summary>Eight bytes are read as one word where there is room: the value and the place must not depend on what follows.</summary>
    [Fact]
    public void TryReadVarint_AnyLengthBeforeAnyRest_ReadsWhatGoogleProtobufReads()
    {
        Random random = new(1);
        byte[] bytes = new byte[24];
        for (int round = 0; round < 200_000; round++)
        {
            random.NextBytes(bytes);
            int continued = random.Next(12);
            for (int i = 0; i < continued; i++)
            {
                bytes[i] |= 0x80;
            }
            bytes[continued] &= (byte)(random.Next(4) == 0 ? 0xFF : 0x7F);
            int length = random.Next(1, bytes.Length + 1);

            WireReader reader = new(bytes, 0, length);
            bool read = reader.TryReadVarint(out ulong value);

            (ulong Value, int End)? expected = Reference(bytes.AsSpan(0, length));
            Assert.True(read == expected.HasValue, $"{Convert.ToHexString(bytes, 0, length)}: {reader.Fault}");
            if (read)
            {
                Assert.Equal(expected!.Value, (value, reader.At));
            }
        }
    }

    private static (ulong Value, int End)? Reference(ReadOnlySpan<byte> bytes)
    {
        CodedInputStream input = new(bytes.ToArray());
        try
        {
            return (input.ReadUInt64(), (int)input.Position);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
