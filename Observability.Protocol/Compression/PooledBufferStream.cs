namespace Observability.Protocol;

/// <summary>Writes to a <see cref="PooledBuffer"/> as a stream, for encoders that want one. Reusable.</summary>
internal sealed class PooledBufferStream : Stream
{
    private PooledBuffer _buffer = new();

    /// <summary>Where the next byte goes.</summary>
    public int End { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public void Reset(PooledBuffer buffer, int start)
    {
        _buffer = buffer;
        End = start;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_buffer.Capacity - End < buffer.Length)
        {
            _buffer.EnsureCapacity(Math.Max(End + buffer.Length, 2 * _buffer.Capacity), kept: End);
        }
        buffer.CopyTo(_buffer.Span[End..]);
        End += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
