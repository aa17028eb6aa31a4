using System.Buffers;
using System.Buffers.Binary;

namespace Observability.Protocol;

/// <summary>
/// Expands a message in either form of snappy. Both say how long the result will be, so a message beyond the limit is refused before
/// anything is expanded, and the buffer is taken once, in its final size. Behind the result the buffer has room for one chunk
/// of input, for chunks that lie across the pipe's segments.
/// </summary>
internal static class SnappyDecoder
{
    private const string Corrupt = "Cannot decompress message as snappy: ";

    public static GrpcStatus Decode(in ReadOnlySequence<byte> source, PooledBuffer buffer, int messageBytesMax, out int count)
    {
        count = 0;
        if (source.IsEmpty)
        {
            return GrpcStatus.Ok;                       // some encoders write nothing at all for an empty message
        }
        return IsFramed(source)
            ? DecodeFrames(source, buffer, messageBytesMax, out count)
            : DecodeBlock(source, buffer, messageBytesMax, out count);
    }

    private static bool IsFramed(in ReadOnlySequence<byte> source)
    {
        Span<byte> start = stackalloc byte[SnappyFrame.Identifier.Length];
        return source.Length >= start.Length && Peek(source, start).SequenceEqual(SnappyFrame.Identifier);
    }

    private static GrpcStatus DecodeBlock(in ReadOnlySequence<byte> source, PooledBuffer buffer, int messageBytesMax, out int count)
    {
        count = 0;
        Span<byte> start = stackalloc byte[8];
        if (!SnappyBlock.TryReadLength(Peek(source, start), out uint length, out int headerBytes))
        {
            return Fail("its length is malformed.");
        }
        if (length > (uint)messageBytesMax)
        {
            return MessageDecompressor.TooLarge(length, messageBytesMax);
        }
        ReadOnlySequence<byte> elements = source.Slice(headerBytes);
        buffer.EnsureCapacity((int)Math.Max(1, length + RoomFor(elements)), kept: 0);
        if (!SnappyBlock.TryDecode(Contiguous(elements, buffer.Span[(int)length..]), buffer.Span[..(int)length]))
        {
            return Fail("the block is corrupt.");
        }
        count = (int)length;
        return GrpcStatus.Ok;
    }

    private static GrpcStatus DecodeFrames(in ReadOnlySequence<byte> source, PooledBuffer buffer, int messageBytesMax, out int count)
    {
        count = 0;
        if (Measure(source, out long total, out int chunkBytesMax) is { } malformed)
        {
            return Fail(malformed);
        }
        if (total > messageBytesMax)
        {
            return MessageDecompressor.TooLarge(total, messageBytesMax);
        }
        buffer.EnsureCapacity((int)total + chunkBytesMax, kept: 0);
        Span<byte> scratch = buffer.Span[(int)total..];
        ReadOnlySequence<byte> rest = source;
        while (TryTakeChunk(ref rest, out byte type, out ReadOnlySequence<byte> body))
        {
            if (type is not (SnappyFrame.CompressedChunk or SnappyFrame.PlainChunk))
            {
                continue;
            }
            ReadOnlySpan<byte> chunk = Contiguous(body, scratch);
            if (!TryDecodeChunk(type, chunk, buffer.Span[count..(int)total], out int decoded))
            {
                count = 0;
                return Fail("a chunk is corrupt.");
            }
            count += decoded;
        }
        return GrpcStatus.Ok;
    }

    /// <summary>Walks the chunks without expanding them: the exact size of the result, or what is wrong.</summary>
    private static string? Measure(in ReadOnlySequence<byte> source, out long total, out int chunkBytesMax)
    {
        total = 0;
        chunkBytesMax = 1;
        ReadOnlySequence<byte> rest = source;
        Span<byte> start = stackalloc byte[8];
        while (TryTakeChunk(ref rest, out byte type, out ReadOnlySequence<byte> body))
        {
            long decoded = 0;
            if (type is SnappyFrame.CompressedChunk or SnappyFrame.PlainChunk)
            {
                if (body.Length < SnappyFrame.ChecksumBytes)
                {
                    return "a chunk is shorter than its checksum.";
                }
                ReadOnlySequence<byte> data = body.Slice(SnappyFrame.ChecksumBytes);
                decoded = data.Length;
                if (type == SnappyFrame.CompressedChunk)
                {
                    if (!SnappyBlock.TryReadLength(Peek(data, start), out uint length, out _))
                    {
                        return "a chunk's length is malformed.";
                    }
                    decoded = length;
                }
                chunkBytesMax = (int)Math.Max(chunkBytesMax, body.Length);
            }
            else if (type < SnappyFrame.SkippableFrom)
            {
                return $"it has a chunk of the unknown type {type}.";
            }
            if (decoded > SnappyFrame.ChunkDecodedBytesMax)
            {
                return $"a chunk expands to {decoded} bytes, allowed are {SnappyFrame.ChunkDecodedBytesMax}.";
            }
            total += decoded;
        }
        return rest.IsEmpty ? null : "its last chunk is not complete.";
    }

    private static bool TryTakeChunk(ref ReadOnlySequence<byte> rest, out byte type, out ReadOnlySequence<byte> body)
    {
        type = 0;
        body = default;
        if (rest.Length < SnappyFrame.ChunkHeaderBytes)
        {
            return false;
        }
        Span<byte> header = stackalloc byte[SnappyFrame.ChunkHeaderBytes];
        SnappyFrame.ReadChunkHeader(Peek(rest, header), out type, out int bytes);
        if (rest.Length - SnappyFrame.ChunkHeaderBytes < bytes)
        {
            return false;
        }
        body = rest.Slice(SnappyFrame.ChunkHeaderBytes, bytes);
        rest = rest.Slice(body.End);
        return true;
    }

    private static bool TryDecodeChunk(byte type, ReadOnlySpan<byte> chunk, Span<byte> destination, out int decoded)
    {
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(chunk);
        ReadOnlySpan<byte> data = chunk[SnappyFrame.ChecksumBytes..];
        if (type == SnappyFrame.PlainChunk)
        {
            decoded = data.Length;
            data.CopyTo(destination);
        }
        else
        {
            SnappyBlock.TryReadLength(data, out uint length, out int headerBytes);
            decoded = (int)length;
            if (!SnappyBlock.TryDecode(data[headerBytes..], destination[..decoded]))
            {
                return false;
            }
        }
        return SnappyFrame.Checksum(destination[..decoded]) == checksum;
    }

    /// <summary>The first bytes, as many as fit or as there are.</summary>
    private static ReadOnlySpan<byte> Peek(in ReadOnlySequence<byte> source, Span<byte> destination)
    {
        if (source.FirstSpan.Length >= destination.Length)
        {
            return source.FirstSpan[..destination.Length];
        }
        int count = (int)Math.Min(destination.Length, source.Length);
        source.Slice(0, count).CopyTo(destination);
        return destination[..count];
    }

    private static long RoomFor(in ReadOnlySequence<byte> source) => source.IsSingleSegment ? 0 : source.Length;

    private static ReadOnlySpan<byte> Contiguous(in ReadOnlySequence<byte> source, Span<byte> scratch)
    {
        if (source.IsSingleSegment)
        {
            return source.FirstSpan;
        }
        source.CopyTo(scratch);
        return scratch[..(int)source.Length];
    }

    private static GrpcStatus Fail(string why) => new(GrpcStatusCode.Internal, Corrupt + why);
}
