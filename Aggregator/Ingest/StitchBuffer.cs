using System.Buffers;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] Makes a message that spans several segments contiguous. Keeps a small array; a large one is rented for its message.
/// </summary>
internal sealed class StitchBuffer
{
    private const int KeptBytes = 64 * 1024;

    private byte[]? _kept;
    private byte[]? _rented;

    /// <summary>True between <see cref="CopyWithRoom"/> and the next message.</summary>
    public bool HasRoom { get; private set; }

    public ReadOnlyMemory<byte> Copy(in ReadOnlySequence<byte> message) => Copy(message, (int)message.Length);

    /// <summary>With as much room behind the message again, since pieces of a message put together are at most as long as it is.</summary>
    public Memory<byte> CopyWithRoom(in ReadOnlySequence<byte> message)
    {
        Memory<byte> copy = Copy(message, (int)message.Length * 2);
        HasRoom = true;
        return copy;
    }

    public void Release()
    {
        HasRoom = false;
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
            _rented = null;
        }
    }

    private Memory<byte> Copy(in ReadOnlySequence<byte> message, int size)
    {
        Release();
        byte[] target = size <= KeptBytes ? _kept ??= GC.AllocateUninitializedArray<byte>(KeptBytes) : _rented = ArrayPool<byte>.Shared.Rent(size);
        message.CopyTo(target);
        return target.AsMemory(0, size);
    }
}
