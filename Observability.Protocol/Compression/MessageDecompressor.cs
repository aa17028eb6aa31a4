using System.Buffers;
using System.IO.Compression;

namespace Observability.Protocol;

/// <summary>
/// Expands compressed messages of one stream into one pooled buffer, never beyond the message-size limit: a message that would is
/// refused before another byte is written. One owner; the expanded message is valid until <see cref="Release"/> or the next one.
/// </summary>
internal sealed class MessageDecompressor(GrpcEncoding encoding, int messageBytesMax) : IDisposable
{
    private const int FirstCapacity = 4096;

    private readonly PooledBuffer _buffer = new();
    private readonly SequenceStream _source = new();

    public bool TryDecompress(in ReadOnlySequence<byte> compressed, out ReadOnlySequence<byte> message, out GrpcStatus failure)
    {
        failure = encoding == GrpcEncoding.Gzip ? Gunzip(compressed, out int count) : throw new NotSupportedException();
        message = failure.IsOk ? _buffer.Sequence(count) : default;
        return failure.IsOk;
    }

    public void Release() => _buffer.Release();

    public void Dispose()
    {
        _source.Dispose();
        _buffer.Release();
    }

    private GrpcStatus Gunzip(in ReadOnlySequence<byte> compressed, out int count)
    {
        count = 0;
        _source.Reset(compressed);
        try
        {
            using var gzip = new GZipStream(_source, CompressionMode.Decompress, leaveOpen: true);
            while (true)
            {
                if (count == _buffer.Capacity || count >= messageBytesMax)
                {
                    _buffer.EnsureCapacity((int)Math.Min(messageBytesMax + 1L, Math.Max(FirstCapacity, 2L * count)), count);
                }
                int read = gzip.Read(_buffer.Span[count..]);
                if (read == 0)
                {
                    return GrpcStatus.Ok;
                }
                count += read;
                if (count > messageBytesMax)
                {
                    return new(GrpcStatusCode.ResourceExhausted, $"Cannot read message: it expands to more than the limit of {messageBytesMax} bytes.");
                }
            }
        }
        catch (InvalidDataException invalid)
        {
            return new(GrpcStatusCode.Internal, $"Cannot decompress message of {compressed.Length} bytes as gzip: {invalid.Message}");
        }
    }
}
