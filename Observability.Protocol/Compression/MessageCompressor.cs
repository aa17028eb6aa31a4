using System.IO.Compression;

namespace Observability.Protocol;

/// <summary>Compresses messages of one stream. One owner. Snappy allocates nothing per message; gzip's encoder is not reusable.</summary>
internal sealed class MessageCompressor(GrpcEncoding encoding) : IDisposable
{
    private readonly SnappyBlockEncoder? _snappy = encoding == GrpcEncoding.Snappy ? new SnappyBlockEncoder() : null;
    private readonly PooledBufferStream _stream = new();

    /// <summary>Writes the compressed message into the buffer from <paramref name="start"/> on.</summary>
    /// <returns>Where it ends.</returns>
    public int Compress(ReadOnlySpan<byte> message, PooledBuffer buffer, int start)
    {
        if (_snappy is not null)
        {
            return CompressFrames(_snappy, message, buffer, start);
        }
        _stream.Reset(buffer, start);
        using (var gzip = new GZipStream(_stream, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(message);
        }
        return _stream.End;
    }

    public void Dispose() => _stream.Dispose();

    private static int CompressFrames(SnappyBlockEncoder encoder, ReadOnlySpan<byte> message, PooledBuffer buffer, int start)
    {
        SnappyFrame.Identifier.CopyTo(Reserve(buffer, start, SnappyFrame.Identifier.Length));
        int end = start + SnappyFrame.Identifier.Length;
        while (!message.IsEmpty)
        {
            ReadOnlySpan<byte> block = message[..Math.Min(message.Length, SnappyBlockEncoder.BlockBytesMax)];
            const int Overhead = SnappyFrame.ChunkHeaderBytes + SnappyFrame.ChecksumBytes;
            Span<byte> chunk = Reserve(buffer, end, Overhead + SnappyBlockEncoder.EncodedBytesMax(block.Length));
            int bytes = encoder.Encode(block, chunk[Overhead..]);
            bool smaller = bytes < block.Length;
            if (!smaller)
            {
                block.CopyTo(chunk[Overhead..]);
                bytes = block.Length;
            }
            SnappyFrame.WriteChunkHeader(chunk, smaller ? SnappyFrame.CompressedChunk : SnappyFrame.PlainChunk, SnappyFrame.ChecksumBytes + bytes);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(chunk[SnappyFrame.ChunkHeaderBytes..], SnappyFrame.Checksum(block));
            end += Overhead + bytes;
            message = message[block.Length..];
        }
        return end;
    }

    private static Span<byte> Reserve(PooledBuffer buffer, int start, int bytes)
    {
        if (buffer.Capacity - start < bytes)
        {
            buffer.EnsureCapacity(Math.Max(start + bytes, 2 * buffer.Capacity), kept: start);
        }
        return buffer.Span[start..];
    }
}
