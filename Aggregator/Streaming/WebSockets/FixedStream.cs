namespace Observability.Aggregator.Streaming.WebSockets;

/// <summary>Writes into the memory of a frame, until it is full or sealed; what comes after that is left out.</summary>
internal sealed class FixedStream(PooledFrame frame) : Stream
{
    private bool _isSealed;

    public int Count { get; private set; }

    /// <summary>More came than fits.</summary>
    public bool IsOverflown { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => Count;

    public override long Position
    {
        get => Count;
        set => throw new NotSupportedException();
    }

    public void Seal() => _isSealed = true;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_isSealed || IsOverflown)
        {
            return;
        }
        if (buffer.Length > frame.Length - Count)
        {
            IsOverflown = true;
            return;
        }
        buffer.CopyTo(frame.Writable[Count..]);
        Count += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
