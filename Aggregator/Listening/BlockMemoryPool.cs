using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Observability.Aggregator.Listening;

/// <summary>Gives the web server <see cref="BlockMemoryPool"/>s for its connections.</summary>
internal sealed class BlockMemoryPoolFactory : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new BlockMemoryPool();
}

/// <summary>
/// [Data plane] The memory that connections read into and write from, in blocks of <see cref="BlockBytes"/> instead of the web server's own 4 KB:
/// a saturated stream then takes an eighth of the reads from its socket.
/// An idle connection holds none. Any thread rents and returns.
/// </summary>
internal sealed class BlockMemoryPool : MemoryPool<byte>
{
    public const int BlockBytes = 32 * 1024;

    /// <summary>Free blocks kept for the next renter: what some forty streams with full windows hold. Those beyond are left to the garbage collector.</summary>
    public const int KeptBytesMax = 32 * 1024 * 1024;

    private readonly ConcurrentQueue<Block> _free = new();
    private int _freeCount;
    private volatile bool _disposed;

    /// <summary>Blocks that wait for a renter.</summary>
    public int FreeCount => Volatile.Read(ref _freeCount);

    public override int MaxBufferSize => BlockBytes;

    /// <exception cref="ArgumentOutOfRangeException">More than one block is asked for.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (_free.TryDequeue(out Block? block))
        {
            Interlocked.Decrement(ref _freeCount);
            block.IsRented = true;
            return block;
        }
        return new Block(this) { IsRented = true };
    }

    protected override void Dispose(bool disposing)
    {
        _disposed = true;                               // what is rented still comes back, and is dropped
        _free.Clear();
    }

    private void Return(Block block)
    {
        if (_disposed)
        {
            return;
        }
        if (Interlocked.Increment(ref _freeCount) > KeptBytesMax / BlockBytes)
        {
            Interlocked.Decrement(ref _freeCount);
            return;
        }
        _free.Enqueue(block);
    }

    private sealed class Block(BlockMemoryPool pool) : IMemoryOwner<byte>
    {
        /// <summary>Pinned: sockets read into it without pinning it each time.</summary>
        private readonly byte[] _array = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);

        public bool IsRented { get; set; }

        public Memory<byte> Memory => _array;

        public void Dispose()
        {
            if (IsRented)
            {
                IsRented = false;
                pool.Return(this);
            }
        }
    }
}
