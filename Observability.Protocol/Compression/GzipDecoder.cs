using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace Observability.Protocol;

/// <summary>
/// Expands the gzip messages of one stream, each one gzip member. The first buffer is as large as the message says it will become, but
/// never larger than the limit or than deflate can make of what has arrived; one byte beyond the limit ends it. One platform decoder
/// serves all messages: it takes them for the members of one long gzip file (RFC 1952, 2.2), so that a message costs no object.
/// </summary>
internal sealed class GzipDecoder : IDisposable
{
    private const int CapacityMin = 1024;
    private const int TrailerLengthBytes = 4;
    private const int DeflateRatioMax = 1032;

    private readonly SequenceStream _source = new();
    private GZipStream? _gzip;

    public GrpcStatus Decode(in ReadOnlySequence<byte> source, PooledBuffer buffer, int messageBytesMax, out int count)
    {
        count = 0;
        if (source.IsEmpty)
        {
            return GrpcStatus.Ok;                       // some encoders write nothing at all for an empty message
        }
        bool isReused = _gzip is not null;
        GrpcStatus status = DecodeOnce(source, buffer, messageBytesMax, out count);
        if (status.Code == GrpcStatusCode.Internal && isReused)
        {
            // Bytes behind the member before this one leave the platform's decoder at its end for good: a new one says whose fault it is.
            status = DecodeOnce(source, buffer, messageBytesMax, out count);
        }
        return status;
    }

    private GrpcStatus DecodeOnce(in ReadOnlySequence<byte> source, PooledBuffer buffer, int messageBytesMax, out int count)
    {
        _source.Reset(source);
        _gzip ??= new GZipStream(_source, CompressionMode.Decompress, leaveOpen: true);
        GrpcStatus status = GrpcStatus.Ok;
        try
        {
            status = Expand(_gzip, source, buffer, messageBytesMax, out count);
        }
        catch (InvalidDataException invalid)
        {
            count = 0;
            status = Fail(source, invalid.Message);
        }
        finally
        {
            _source.Reset(default);
        }
        if (!status.IsOk)
        {
            Forget();
        }
        return status;
    }

    private static GrpcStatus Expand(
        GZipStream gzip, in ReadOnlySequence<byte> source, PooledBuffer buffer, int messageBytesMax, out int count)
    {
        count = 0;
        uint claimed = ClaimedBytes(source);
        buffer.EnsureCapacity(FirstCapacity(claimed, source.Length, messageBytesMax), kept: 0);
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
                // The platform's decoder takes a message that was cut off for a whole one; its announced length tells them apart.
                return claimed == (uint)count ? GrpcStatus.Ok : Fail(source, $"{count} bytes came out of it, it announces {claimed}.");
            }
        }
    }

    public void Dispose()
    {
        Forget();
        _source.Dispose();
    }

    private void Forget()
    {
        _gzip?.Dispose();
        _gzip = null;
    }

    private static uint ClaimedBytes(in ReadOnlySequence<byte> source)
    {
        if (source.Length < TrailerLengthBytes)
        {
            return 0;
        }
        Span<byte> trailer = stackalloc byte[TrailerLengthBytes];
        source.Slice(source.Length - TrailerLengthBytes).CopyTo(trailer);
        return BinaryPrimitives.ReadUInt32LittleEndian(trailer);
    }

    /// <summary>One more than the message claims, so that its end is seen without growing.</summary>
    private static int FirstCapacity(uint claimed, long sourceBytes, int messageBytesMax)
    {
        long possible = Math.Min(claimed, sourceBytes * DeflateRatioMax);
        return (int)Math.Min(messageBytesMax, Math.Max(CapacityMin, possible)) + 1;
    }

    private static GrpcStatus Fail(in ReadOnlySequence<byte> source, string why) =>
        new(GrpcStatusCode.Internal, $"Cannot decompress message of {source.Length} bytes as gzip: {why}");
}
