using System.Collections.Concurrent;
using System.Numerics;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// Memory of frames, by powers of two. The frame loop and catch-ups rent; whoever sent a frame last gives it back, on any thread. It keeps at
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
