using System.Buffers;

namespace Observability.Protocol;

/// <summary>
/// Expands compressed messages of one stream into one pooled buffer, never beyond the message-size limit: a message that would is
/// refused before another byte is written. One owner; the expanded message is valid until <see cref="Release"/> or the next one.
/// </summary>
internal sealed class MessageDecompressor(GrpcEncoding encoding, int messageBytesMax) : IDisposable
{
    private readonly PooledBuffer _buffer = new();
    private readonly GzipDecoder? _gzip = encoding == GrpcEncoding.Gzip ? new GzipDecoder() : null;

    public bool TryDecompress(in ReadOnlySequence<byte> compressed, out ReadOnlySequence<byte> message, out GrpcStatus failure)
    {
        failure = _gzip is null
            ? SnappyDecoder.Decode(compressed, _buffer, messageBytesMax, out int count)
            : _gzip.Decode(compressed, _buffer, messageBytesMax, out count);
        message = failure.IsOk ? _buffer.Sequence(count) : default;
        return failure.IsOk;
    }

    public void Release() => _buffer.Release();

    public void Dispose()
    {
        _gzip?.Dispose();
        _buffer.Release();
    }

    /// <param name="bytes">How large it would become, where that is known.</param>
    /// <param name="messageBytesMax">The limit.</param>
    internal static GrpcStatus TooLarge(long? bytes, int messageBytesMax) => new(GrpcStatusCode.ResourceExhausted,
        $"Cannot read message: it expands to {(bytes is null ? "more" : $"{bytes} bytes")}, the limit is {messageBytesMax} bytes. Send smaller messages.");
}
