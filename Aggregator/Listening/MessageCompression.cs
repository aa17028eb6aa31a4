using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using Grpc.Core;
using Grpc.Net.Compression;
using Snappier;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Observability.Aggregator.Listening;

// What clients may compress messages with. The framework checks a message's size after it has been expanded; these refuse one that
// expands beyond the limit before more than the limit is expanded, and before memory is taken for what it announces.

internal sealed class GzipMessages(int bytesMax) : ICompressionProvider
{
    public string EncodingName => "gzip";

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) =>
        new GZipStream(stream, compressionLevel ?? CompressionLevel.Fastest, leaveOpen: true);

    public Stream CreateDecompressionStream(Stream stream) =>
        new BoundedStream(new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true), EncodingName, bytesMax);
}

internal sealed class ZstdMessages(int bytesMax) : ICompressionProvider
{
    // What encoders use up to their level 19. A frame may ask for a window of 2 GB.
    private const int WindowLogUsual = 23;

    public string EncodingName => "zstd";

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) => new CompressionStream(stream, leaveOpen: true);

    public Stream CreateDecompressionStream(Stream stream)
    {
        DecompressionStream expanded = new(stream, leaveOpen: true);
        expanded.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, Math.Max(WindowLogUsual, BitOperations.Log2((uint)bytesMax)));
        return new BoundedStream(expanded, EncodingName, bytesMax);
    }
}

/// <summary>Both forms of snappy: a single block (as Java's and Python's libraries write), and frames (as Go's does).</summary>
internal sealed class SnappyMessages(int bytesMax) : ICompressionProvider
{
    private const int ChunkHeaderBytes = 4;
    private const int ChunkChecksumBytes = 4;
    private const int ChunkBytesMax = 65_536;
    private const byte CompressedChunk = 0;

    private static ReadOnlySpan<byte> StreamIdentifier => [0xFF, 6, 0, 0, (byte)'s', (byte)'N', (byte)'a', (byte)'P', (byte)'p', (byte)'Y'];

    public string EncodingName => "snappy";

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) => new SnappyStream(stream, CompressionMode.Compress, leaveOpen: true);

    public Stream CreateDecompressionStream(Stream stream)
    {
        // The whole message, which the framework has measured.
        MemoryStream copy = new();
        stream.CopyTo(copy);
        byte[] message = copy.GetBuffer();
        int length = (int)copy.Length;
        if (length == 0)
        {
            return copy;                                // Some encoders write nothing at all for an empty message.
        }
        if (!message.AsSpan(0, length).StartsWith(StreamIdentifier))
        {
            return new MemoryStream(ExpandBlock(message.AsSpan(0, length)));
        }
        CheckChunks(message.AsSpan(0, length));
        copy.Position = 0;
        return new BoundedStream(new SnappyStream(copy, CompressionMode.Decompress), EncodingName, bytesMax);
    }

    private byte[] ExpandBlock(ReadOnlySpan<byte> block)
    {
        try
        {
            int announced = Snappy.GetUncompressedLength(block);
            return announced <= bytesMax ? Snappy.DecompressToArray(block) : throw BoundedStream.TooLarge(bytesMax);
        }
        catch (InvalidDataException exception)
        {
            throw BoundedStream.Corrupt(EncodingName, exception);
        }
    }

    /// <summary>Each chunk announces how long it becomes, and the decoder takes that much memory.</summary>
    private void CheckChunks(ReadOnlySpan<byte> chunks)
    {
        while (chunks.Length >= ChunkHeaderBytes)
        {
            byte type = chunks[0];
            int length = BinaryPrimitives.ReadInt32LittleEndian(chunks) >>> 8;
            chunks = chunks[ChunkHeaderBytes..];
            if (length > chunks.Length)
            {
                throw BoundedStream.Corrupt(EncodingName, null);
            }
            if (type == CompressedChunk)
            {
                CheckChunk(chunks[..length]);
            }
            chunks = chunks[length..];
        }
    }

    private void CheckChunk(ReadOnlySpan<byte> chunk)
    {
        try
        {
            if (chunk.Length > ChunkChecksumBytes && Snappy.GetUncompressedLength(chunk[ChunkChecksumBytes..]) <= ChunkBytesMax)
            {
                return;
            }
        }
        catch (InvalidDataException exception)
        {
            throw BoundedStream.Corrupt(EncodingName, exception);
        }
        throw BoundedStream.Corrupt(EncodingName, null);
    }
}

/// <summary>Reads what a decoder expands, up to the message limit, and says what is wrong as a status.</summary>
internal sealed class BoundedStream(Stream expanded, string encoding, int bytesMax) : Stream
{
    private long _read;

    public static RpcException TooLarge(int bytesMax) => new(new Status(
        StatusCode.ResourceExhausted, $"Cannot read message: it expands to more than {bytesMax} bytes (Grpc:MessageBytesMax). Send smaller messages."));

    public static RpcException Corrupt(string encoding, Exception? exception) =>
        new(new Status(StatusCode.Internal, $"Cannot decompress message: it is not valid {encoding}.", exception));

    public override int Read(Span<byte> buffer)
    {
        int read;
        try
        {
            read = expanded.Read(buffer);
        }
        catch (Exception exception) when (exception is InvalidDataException or ZstdException or IOException or NotSupportedException)
        {
            throw Corrupt(encoding, exception);
        }
        _read += read;
        return _read <= bytesMax ? read : throw TooLarge(bytesMax);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    protected override void Dispose(bool disposing)
    {
        expanded.Dispose();
        base.Dispose(disposing);
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
