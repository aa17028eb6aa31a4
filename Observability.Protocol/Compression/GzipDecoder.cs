using System.Buffers;
using System.IO.Compression;

namespace Observability.Protocol;

/// <summary>
/// Expands a gzip message. The first buffer is as large as the message says it will become, but never larger than the limit or than
/// deflate can make of what has arrived; one byte beyond the limit ends it. The platform's decoder is not reusable: it is the one
/// object this costs per message.
/// </summary>
internal sealed class GzipDecoder : IDisposable
{
    private const int CapacityMin = 1024;
    private const int TrailerLengthBytes = 4;
    private const int DeflateRatioMax = 1032;

    private readonly SequenceStream _source = new();

    public GrpcStatus Decode(in ReadOnlySequence<byte> source, PooledBuffer buffer, int messageBytesMax, out int count)
    {
        count = 0;
        buffer.EnsureCapacity(FirstCapacity(source, messageBytesMax), kept: 0);
        _source.Reset(source);
        try
        {
            using var gzip = new GZipStream(_source, CompressionMode.Decompress, leaveOpen: true);
            while (true)
            {
                // The pool gives more than was asked for; never more than one byte beyond the limit is used of it.
                int room = Math.Min(buffer.Capacity, messageBytesMax + 1);
                if (count == room)
                {
                    buffer.EnsureCapacity((int)Math.Min(messageBytesMax + 1L, 2L * count), kept: count);
                    continue;
                }
                int read = gzip.Read(buffer.Span[count..room]);
                count += read;
                if (count > messageBytesMax)
                {
                    return MessageDecompressor.TooLarge(null, messageBytesMax);
                }
                if (read == 0)
                {
                    return GrpcStatus.Ok;
                }
            }
        }
        catch (InvalidDataException invalid)
        {
            return Fail(source, invalid.Message);
        }
        finally
        {
            _source.Reset(default);
        }
    }

    public void Dispose() => _source.Dispose();

    /// <summary>One more than the message claims, so that its end is seen without growing.</summary>
    private static int FirstCapacity(in ReadOnlySequence<byte> source, int messageBytesMax)
    {
        uint claimed = 0;
        if (source.Length > TrailerLengthBytes)
        {
            Span<byte> trailer = stackalloc byte[TrailerLengthBytes];
            source.Slice(source.Length - TrailerLengthBytes).CopyTo(trailer);
            claimed = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        }
        long possible = Math.Min(claimed, source.Length * DeflateRatioMax);
        return (int)Math.Min(messageBytesMax, Math.Max(CapacityMin, possible)) + 1;
    }

    private static GrpcStatus Fail(in ReadOnlySequence<byte> source, string why) =>
        new(GrpcStatusCode.Internal, $"Cannot decompress message of {source.Length} bytes as gzip: {why}");
}
