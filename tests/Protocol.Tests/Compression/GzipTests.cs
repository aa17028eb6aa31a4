using System.Buffers;
using System.IO.Compression;
using FsCheck;
using FsCheck.Fluent;

namespace Observability.Protocol.Tests.Compression;

public sealed class GzipTests
{
    private const int Limit = 100_000;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    [InlineData(Limit)]
    public void Decode_OfAMessage_ReturnsIt(int bytes)
    {
        byte[] message = [.. Enumerable.Range(0, bytes).Select(value => (byte)(value * 7))];

        Assert.Equal(message, Expand(Compress(message)));
        Assert.Equal(message, Expand(Compress(message), segmentBytes: 3));
    }

    [Fact]
    public void Decode_OneByteBeyondTheLimit_IsRefused()
    {
        GrpcStatus failure = Fail(Compress(new byte[Limit + 1]));

        Assert.Equal(GrpcStatusCode.ResourceExhausted, failure.Code);
        Assert.Contains("100000", failure.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_OfABomb_StopsAtTheLimit()
    {
        byte[] bomb = Compress(new byte[200 * 1024 * 1024]);    // about 200 KB on the wire

        long before = GC.GetAllocatedBytesForCurrentThread();
        GrpcStatus failure = Fail(bomb);

        Assert.Equal(GrpcStatusCode.ResourceExhausted, failure.Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 5 * Limit);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(uint.MaxValue)]
    public void Decode_OfAMessageThatLiesAboutItsLength_IsInternal(uint claimed)
    {
        byte[] compressed = Compress(new byte[5000]);
        BitConverter.TryWriteBytes(compressed.AsSpan(compressed.Length - 4), claimed);

        Assert.Equal(GrpcStatusCode.Internal, Fail(compressed).Code);
    }

    [Fact]
    public void Decode_OfWhatIsNoGzip_IsInternal()
    {
        byte[] good = Compress([.. Enumerable.Range(0, 5000).Select(value => (byte)value)]);

        Assert.Equal(GrpcStatusCode.Internal, Fail([1, 2, 3]).Code);
        Assert.Equal(GrpcStatusCode.Internal, Fail([.. good[..20], .. good[30..]]).Code);
        Assert.Equal(GrpcStatusCode.Internal, Fail(good[..(good.Length / 2)]).Code);
        Assert.Equal(GrpcStatusCode.Internal, Fail(good[..^4]).Code);
        Assert.Equal(GrpcStatusCode.Internal, Fail([.. good, 9, 9, 9]).Code);
    }

    [Fact]
    public void Decode_AfterAFailure_TakesTheNextMessage()
    {
        using var decompressor = new MessageDecompressor(GrpcEncoding.Gzip, Limit);
        Assert.False(decompressor.TryDecompress(new ReadOnlySequence<byte>(Compress(new byte[Limit + 1])), out _, out _));

        Assert.True(decompressor.TryDecompress(new ReadOnlySequence<byte>(Compress([1, 2])), out ReadOnlySequence<byte> message, out _));
        Assert.Equal([1, 2], message.ToArray());
    }

    [Fact]
    public void Decode_OfMessageAfterMessage_TakesEachForItself()
    {
        using var decompressor = new MessageDecompressor(GrpcEncoding.Gzip, Limit);
        var random = new Random(5);
        foreach (int bytes in new[] { 10, 0, 20_000, 1, Limit, 9000, 8191, 8192, 8193 })
        {
            byte[] message = new byte[bytes];
            random.NextBytes(message);
            Assert.True(decompressor.TryDecompress(Segments.Cut(Compress(message), 1000), out ReadOnlySequence<byte> expanded, out GrpcStatus failure), failure.Detail);
            Assert.Equal(message, expanded.ToArray());
        }
    }

    [Fact]
    public void Decode_BehindAMessageWithBytesLeftOver_TakesTheNextMessage()
    {
        using var decompressor = new MessageDecompressor(GrpcEncoding.Gzip, Limit);
        // Bytes behind the member that happen to announce its length: taken as padding, which RFC 1952 leaves open.
        Assert.True(decompressor.TryDecompress(new ReadOnlySequence<byte>([.. Compress([1, 2]), 0, 0, 0, 0, 2, 0, 0, 0]), out _, out _));

        Assert.True(decompressor.TryDecompress(new ReadOnlySequence<byte>(Compress([3])), out ReadOnlySequence<byte> message, out GrpcStatus failure), failure.Detail);
        Assert.Equal([3], message.ToArray());
    }

    [Fact]
    public void Compress_ThenExpand_ReturnsAnyMessage() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(100), Prop.ForAll<byte[]>(message => Assert.Equal(message, Expand(Ours(message)))));

    private static byte[] Ours(byte[] message)
    {
        using var compressor = new MessageCompressor(GrpcEncoding.Gzip);
        var buffer = new PooledBuffer();
        buffer.EnsureCapacity(2, kept: 0);
        int end = compressor.Compress(message, buffer, start: 2);
        return buffer.Span[2..end].ToArray();
    }

    private static byte[] Compress(byte[] message)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            gzip.Write(message);
        }
        return stream.ToArray();
    }

    private static byte[] Expand(byte[] compressed, int segmentBytes = int.MaxValue)
    {
        using var decompressor = new MessageDecompressor(GrpcEncoding.Gzip, Limit);
        Assert.True(decompressor.TryDecompress(Segments.Cut(compressed, segmentBytes), out ReadOnlySequence<byte> message, out GrpcStatus failure), failure.Detail);
        return message.ToArray();
    }

    private static GrpcStatus Fail(byte[] compressed)
    {
        using var decompressor = new MessageDecompressor(GrpcEncoding.Gzip, Limit);
        Assert.False(decompressor.TryDecompress(new ReadOnlySequence<byte>(compressed), out _, out GrpcStatus failure));
        return failure;
    }
}
