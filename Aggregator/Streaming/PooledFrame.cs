using System.Diagnostics;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// Bytes of one frame, shared by every connection that sends them. Counted references: the last one to release gives the memory back.
/// The bytes do not change while anyone holds it.
/// </summary>
internal sealed class PooledFrame
{
    private readonly FramePool _pool;
    private readonly byte[] _bytes;
    private int _references;

    internal PooledFrame(FramePool pool, int capacity)
    {
        _pool = pool;
        _bytes = new byte[capacity];
        Begin(capacity);
    }

    public int Capacity => _bytes.Length;

    public int Length { get; private set; }

    /// <summary>The pass of the frame loop that made it; 0 for a frame that is not acknowledged (a backfill).</summary>
    public long Tick { get; set; }

    public Span<byte> Writable => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    public void AddReference() => Interlocked.Increment(ref _references);

    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        if (left == 0)
        {
            _pool.Return(this);
        }
        else if (left < 0)
        {
            throw new UnreachableException("BUG: a frame was released more often than it was held.");
        }
    }

    internal void Begin(int length)
    {
        Length = length;
        Tick = 0;
        _references = 1;
    }
}
