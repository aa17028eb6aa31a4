using System.Diagnostics;
using Observability.Aggregator.Streaming.WebSockets;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// Bytes of one frame, shared by every connection that sends them: with the WebSocket header before them, which is the same for all. Counted
/// references: the last one to release gives the memory back. The bytes do not change while anyone else holds it.
/// </summary>
internal sealed class PooledFrame
{
    /// <summary>Room before the frame for the header, which ends where the frame begins.</summary>
    private const int Reserve = 16;

    private readonly FramePool _pool;
    private readonly byte[] _bytes;
    private int _headerBytes;
    private int _references;

    internal PooledFrame(FramePool pool, int capacity)
    {
        _pool = pool;
        _bytes = new byte[Reserve + capacity];
        Begin(capacity);
    }

    public int Capacity => _bytes.Length - Reserve;

    public int Length { get; private set; }

    /// <summary>The pass of the frame loop that made it; 0 for a frame that is not acknowledged (a backfill).</summary>
    public long Tick { get; set; }

    /// <summary>The same frame compressed, for those who agreed to that; goes when this one goes.</summary>
    public PooledFrame? Compressed { get; set; }

    public Span<byte> Writable => _bytes.AsSpan(Reserve, Length);

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(Reserve, Length);

    /// <summary>Header and payload, as they go over the wire.</summary>
    public ReadOnlyMemory<byte> Message => _bytes.AsMemory(Reserve - _headerBytes, _headerBytes + Length);

    /// <summary>Puts the header before the bytes, which are complete now.</summary>
    public void Seal(Opcode opcode, bool isCompressed)
    {
        _headerBytes = WebSocketHeader.SizeFor(Length);
        WebSocketHeader.Write(_bytes.AsSpan(Reserve - _headerBytes), opcode, isFinal: true, isCompressed, Length);
    }

    /// <summary>It became shorter than was asked for.</summary>
    public void Shorten(int length) => Length = length;

    public void AddReference() => Interlocked.Increment(ref _references);

    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        if (left == 0)
        {
            Compressed?.Release();
            Compressed = null;
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
        _headerBytes = 0;
        _references = 1;
    }
}
