namespace Observability.Protocol;

/// <summary>
/// Puts a message behind its prefix into one reused buffer, so that it leaves in one write. A message that compression does not make
/// smaller goes as it is. One owner.
/// </summary>
internal sealed class GrpcMessageFramer(GrpcEncoding encoding) : IDisposable
{
    private readonly PooledBuffer _buffer = new();
    private readonly MessageCompressor? _compressor = encoding == GrpcEncoding.Identity ? null : new MessageCompressor(encoding);

    /// <summary>The framed message; valid until the next one.</summary>
    public ReadOnlyMemory<byte> Frame(ReadOnlySpan<byte> message)
    {
        if (_compressor is not null && TryFrameCompressed(message, out ReadOnlyMemory<byte> framed))
        {
            return framed;
        }
        int bytes = GrpcMessage.PrefixBytes + message.Length;
        _buffer.EnsureCapacity(bytes, kept: 0);
        GrpcMessage.WritePrefix(_buffer.Span, compressed: false, message.Length);
        message.CopyTo(_buffer.Span[GrpcMessage.PrefixBytes..]);
        return _buffer.Memory(bytes);
    }

    public void Dispose()
    {
        _compressor?.Dispose();
        _buffer.Release();
    }

    private bool TryFrameCompressed(ReadOnlySpan<byte> message, out ReadOnlyMemory<byte> framed)
    {
        _buffer.EnsureCapacity(GrpcMessage.PrefixBytes + message.Length, kept: 0);
        int end = _compressor!.Compress(message, _buffer, GrpcMessage.PrefixBytes);
        int compressedBytes = end - GrpcMessage.PrefixBytes;
        framed = default;
        if (compressedBytes >= message.Length)
        {
            return false;
        }
        GrpcMessage.WritePrefix(_buffer.Span, compressed: true, compressedBytes);
        framed = _buffer.Memory(end);
        return true;
    }
}
