using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using IronSnappy;

namespace Observability.Protocol.Tests.Compression;

public sealed class SnappyTests
{
    private const int Limit = 300_000;

    public static TheoryData<int, int> Shapes
    {
        get
        {
            var shapes = new TheoryData<int, int>();
            foreach (int bytes in new[] { 0, 1, 3, 4, 15, 16, 59, 60, 61, 64, 255, 256, 257, 1000, 65_535, 65_536, 65_537, 200_000 })
            {
                foreach (int variety in new[] { 1, 4, 256 })
                {
                    shapes.Add(bytes, variety);
                }
            }
            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Compress_OfAnySize_IsReadByUsAndByTheReference(int bytes, int variety)
    {
        byte[] message = Sample(bytes, variety, seed: bytes + variety);

        byte[] compressed = Compress(message);

        Assert.Equal(message, Expand(compressed));
        Assert.Equal(message, Expand(compressed, segmentBytes: 7));
        Assert.Equal(message, ReadByReference(compressed));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Decode_OfWhatTheReferenceWrites_ReturnsTheMessage(int bytes, int variety)
    {
        byte[] message = Sample(bytes, variety, seed: bytes - variety);
        byte[] block = Snappy.Encode(message);

        Assert.Equal(message, Expand(block));
        Assert.Equal(message, Expand(block, segmentBytes: 5));
    }

    [Theory]
    [InlineData("123456789", 0xC78A_B0E5u)]
    [InlineData("abcd", 0xB6E6_1068u)]
    public void Checksum_OfKnownText_IsTheStandardOne(string text, uint checksum) =>
        Assert.Equal(checksum, SnappyFrame.Checksum(System.Text.Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Compress_OfRepetition_IsSmall() => Assert.InRange(Compress(new byte[100_000]).Length, 1, 8_000);

    [Theory]
    [InlineData(new byte[] { 0x00 }, new byte[0])]
    [InlineData(new byte[] { 0x03, 0x08, 1, 2, 3 }, new byte[] { 1, 2, 3 })]
    [InlineData(new byte[] { 0x03, 0xf0, 2, 1, 2, 3 }, new byte[] { 1, 2, 3 })]
    [InlineData(new byte[] { 0x03, 0xfc, 2, 0, 0, 0, 1, 2, 3 }, new byte[] { 1, 2, 3 })]
    [InlineData(new byte[] { 0x06, 0x04, 1, 2, 0x01, 0x02 }, new byte[] { 1, 2, 1, 2, 1, 2 })]
    [InlineData(new byte[] { 0x04, 0x04, 1, 2, 0x06, 0x02, 0x00 }, new byte[] { 1, 2, 1, 2 })]
    [InlineData(new byte[] { 0x04, 0x04, 1, 2, 0x07, 0x02, 0, 0, 0 }, new byte[] { 1, 2, 1, 2 })]
    public void Decode_OfEveryElement_ReturnsItsBytes(byte[] block, byte[] message) => Assert.Equal(message, Expand(block));

    [Theory]
    [InlineData(new byte[] { 0x80 })]                                   // length cut off
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 })]     // length of six bytes
    [InlineData(new byte[] { 0x03 })]                                   // nothing follows
    [InlineData(new byte[] { 0x03, 0x08, 1, 2 })]                       // literal cut off
    [InlineData(new byte[] { 0x02, 0x08, 1, 2, 3 })]                    // more than announced
    [InlineData(new byte[] { 0x04, 0x08, 1, 2, 3 })]                    // less than announced
    [InlineData(new byte[] { 0x03, 0xf0 })]                             // literal without its length
    [InlineData(new byte[] { 0x03, 0xfc, 0xff, 0xff, 0xff, 0xff, 1 })]  // literal of 4 GB
    [InlineData(new byte[] { 0x03, 0xfc, 0xff, 0xff, 0xff, 0x7f, 1 })]  // literal of 2 GB
    [InlineData(new byte[] { 0x06, 0x04, 1, 2, 0x01, 0x00 })]           // copy from itself
    [InlineData(new byte[] { 0x06, 0x04, 1, 2, 0x01, 0x03 })]           // copy from before the start
    [InlineData(new byte[] { 0x06, 0x04, 1, 2, 0x0f, 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0x06, 0x04, 1, 2, 0x0e, 0x01 })]           // offset cut off
    public void Decode_OfACorruptBlock_IsInternal(byte[] block)
    {
        Assert.Equal(GrpcStatusCode.Internal, Fail(block).Code);
        Assert.Equal(GrpcStatusCode.Internal, Fail(block, segmentBytes: 1).Code);
    }

    [Fact]
    public void Decode_OfABlockBomb_IsRefusedBeforeAnythingIsExpanded()
    {
        byte[] bomb = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x00];       // says 4 GB

        GrpcStatus failure = Fail(bomb);

        Assert.Equal(GrpcStatusCode.ResourceExhausted, failure.Code);
        Assert.Contains("4294967295", failure.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Limit, true)]
    [InlineData(Limit + 1, false)]
    public void Decode_AtTheLimit_TakesAMessageAndNotOneByteMore(int bytes, bool taken)
    {
        byte[] compressed = Compress(new byte[bytes]);

        if (taken)
        {
            Assert.Equal(bytes, Expand(compressed).Length);
        }
        else
        {
            Assert.Equal(GrpcStatusCode.ResourceExhausted, Fail(compressed).Code);
        }
    }

    [Fact]
    public void Decode_OfAFramedBomb_IsRefusedBeforeABufferIsTaken()
    {
        byte[] chunk = Compress(new byte[65_536])[SnappyFrame.Identifier.Length..];
        byte[] bomb = [.. SnappyFrame.Identifier, .. Enumerable.Repeat(chunk, 2000).SelectMany(part => part)];   // 130 MB

        long before = GC.GetAllocatedBytesForCurrentThread();
        GrpcStatus failure = Fail(bomb);

        Assert.Equal(GrpcStatusCode.ResourceExhausted, failure.Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 50_000);
    }

    [Fact]
    public void Decode_OfFramesThatBreakTheFormat_IsInternal()
    {
        byte[] good = Compress(Sample(1000, 4, 1));
        byte[] header = SnappyFrame.Identifier.ToArray();
        byte[] wrongChecksum = [.. good];
        wrongChecksum[header.Length + SnappyFrame.ChunkHeaderBytes] ^= 1;

        Assert.Equal(GrpcStatusCode.Internal, Fail(wrongChecksum).Code);
        Assert.Equal(GrpcStatusCode.Internal, Fail(good[..^1]).Code);
        Assert.Equal(GrpcStatusCode.Internal, Fail([.. good, 0, 1]).Code);
        Assert.Equal(GrpcStatusCode.Internal, Fail([.. header, 0x02, 0, 0, 0]).Code);                    // a type that may not be skipped
        Assert.Equal(GrpcStatusCode.Internal, Fail([.. header, 0x00, 2, 0, 0, 1, 2]).Code);              // no room for a checksum
        Assert.Equal(GrpcStatusCode.Internal, Fail([.. header, 0x00, 7, 0, 0, 0, 0, 0, 0, 0x81, 0x80, 0x04]).Code);   // 65,537 bytes
    }

    [Fact]
    public void Decode_OfFramesWithPaddingAndSkippableChunks_SkipsThem()
    {
        byte[] message = Sample(500, 4, 2);
        byte[] good = Compress(message);
        int start = SnappyFrame.Identifier.Length;

        Assert.Equal(message, Expand([.. good[..start], 0xfe, 3, 0, 0, 9, 9, 9, 0x80, 1, 0, 0, 7, .. SnappyFrame.Identifier, .. good[start..]]));
    }

    [Fact]
    public void Decode_OfAnEmptyMessage_IsEmpty() => Assert.Empty(Expand([]));

    [Fact]
    public void Decode_OfArbitraryAndMutatedBytes_NeverThrows()
    {
        var random = new Random(20_26);
        byte[] good = Compress(Sample(3000, 16, 3));
        byte[] block = Snappy.Encode(Sample(3000, 16, 4));
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = (round % 3) switch
            {
                0 => [.. good],
                1 => [.. block],
                _ => new byte[random.Next(1, 60)],
            };
            if (round % 3 == 2)
            {
                random.NextBytes(bytes);
            }
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            using var decompressor = new MessageDecompressor(GrpcEncoding.Snappy, Limit);
            if (decompressor.TryDecompress(Segments.Cut(bytes, 1 + (round % 50)), out ReadOnlySequence<byte> message, out _))
            {
                Assert.InRange(message.Length, 0, Limit);
            }
        }
    }

    [Fact]
    public void Compress_ThenExpand_ReturnsAnyMessage() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll<byte[]>(message => Assert.Equal(message, Expand(Compress(message)))));

    private static byte[] Sample(int bytes, int variety, int seed)
    {
        var random = new Random(seed);
        byte[] sample = new byte[bytes];
        for (int index = 0; index < bytes; index++)
        {
            sample[index] = (byte)random.Next(variety);
        }
        return sample;
    }

    private static byte[] Compress(byte[] message)
    {
        using var compressor = new MessageCompressor(GrpcEncoding.Snappy);
        var buffer = new PooledBuffer();
        int end = compressor.Compress(message, buffer, start: 3);
        return buffer.Span[3..end].ToArray();
    }

    /// <summary>The reference reads the blocks; its own frames carry another checksum than the format's, so the chunks are walked here.</summary>
    private static byte[] ReadByReference(byte[] framed)
    {
        var message = new List<byte>();
        for (int start = SnappyFrame.Identifier.Length; start < framed.Length;)
        {
            SnappyFrame.ReadChunkHeader(framed.AsSpan(start), out byte type, out int bytes);
            byte[] data = framed[(start + SnappyFrame.ChunkHeaderBytes + SnappyFrame.ChecksumBytes)..(start + SnappyFrame.ChunkHeaderBytes + bytes)];
            message.AddRange(type == SnappyFrame.PlainChunk ? data : Snappy.Decode(data));
            start += SnappyFrame.ChunkHeaderBytes + bytes;
        }
        return [.. message];
    }

    private static byte[] Expand(byte[] compressed, int segmentBytes = int.MaxValue)
    {
        using var decompressor = new MessageDecompressor(GrpcEncoding.Snappy, Limit);
        Assert.True(decompressor.TryDecompress(Segments.Cut(compressed, segmentBytes), out ReadOnlySequence<byte> message, out GrpcStatus failure), failure.Detail);
        return message.ToArray();
    }

    private static GrpcStatus Fail(byte[] compressed, int segmentBytes = int.MaxValue)
    {
        using var decompressor = new MessageDecompressor(GrpcEncoding.Snappy, Limit);
        Assert.False(decompressor.TryDecompress(Segments.Cut(compressed, segmentBytes), out _, out GrpcStatus failure));
        return failure;
    }
}
