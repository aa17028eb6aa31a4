using System.Collections.Concurrent;
using System.Diagnostics;
using System.Numerics;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>
/// Memory of frames, by powers of two. The frame loop and catch-ups rent; whoever sent a frame last returns it, on any thread. It keeps at
/// most a given number of idle bytes; what is past that goes to the garbage collector.
/// </summary>
internal sealed class FramePool(long idleBytesMax)
{
    private const int SizeBitsMin = 10;
    private const int SizeBitsMax = 30;

    private readonly ConcurrentQueue<PooledFrame>[] _idle = CreateQueues();
    private long _idleBytes;

    public long IdleBytes => Volatile.Read(ref _idleBytes);

    /// <summary>A frame with room for <paramref name="bytes"/>, held once by the caller.</summary>
    public PooledFrame Rent(int bytes)
    {
        int bits = int.Max(SizeBitsMin, BitOperations.Log2((uint)int.Max(bytes, 2) - 1) + 1);
        if (bits > SizeBitsMax)
        {
            return new PooledFrame(this, bytes);
        }
        if (_idle[bits].TryDequeue(out PooledFrame? frame))
        {
            Interlocked.Add(ref _idleBytes, -frame.Capacity);
        }
        else
        {
            frame = new PooledFrame(this, 1 << bits);
        }
        frame.Begin(bytes);
        return frame;
    }

    internal void Return(PooledFrame frame)
    {
        int bits = BitOperations.Log2((uint)frame.Capacity);
        if (bits > SizeBitsMax || frame.Capacity != 1 << bits || Interlocked.Add(ref _idleBytes, frame.Capacity) > idleBytesMax)
        {
            Interlocked.Add(ref _idleBytes, -frame.Capacity);
            return;
        }
        _idle[bits].Enqueue(frame);
    }

    private static ConcurrentQueue<PooledFrame>[] CreateQueues()
    {
        var queues = new ConcurrentQueue<PooledFrame>[SizeBitsMax + 1];
        for (int bits = 0; bits < queues.Length; bits++)
        {
            queues[bits] = new ConcurrentQueue<PooledFrame>();
        }
        return queues;
    }
}

/// <summary>
/// Bytes of one frame, shared by every connection that sends them. Counted references: the last one to release returns the memory to the pool.
/// The bytes do not change while anyone else holds it.
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
