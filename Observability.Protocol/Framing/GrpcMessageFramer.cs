namespace Observability.Protocol;

/// <summary>Puts a message behind its prefix into one reused buffer, so that it leaves in one write. One owner.</summary>
internal sealed class GrpcMessageFramer(GrpcEncoding encoding)
{
    private readonly PooledBuffer _buffer = new();

    /// <summary>The framed message; valid until the next one.</summary>
    public ReadOnlyMemory<byte> Frame(ReadOnlySpan<byte> message)
    {
        _ = encoding;
        int bytes = GrpcMessage.PrefixBytes + message.Length;
        _buffer.EnsureCapacity(bytes, kept: 0);
        GrpcMessage.WritePrefix(_buffer.Span, compressed: false, message.Length);
        message.CopyTo(_buffer.Span[GrpcMessage.PrefixBytes..]);
        return _buffer.Memory(bytes);
    }

    public void Release() => _buffer.Release();
}
