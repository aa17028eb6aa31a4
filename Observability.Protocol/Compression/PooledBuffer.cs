using System.Buffers;

namespace Observability.Protocol;

/// <summary>One growing array from the shared pool. One owner; <see cref="Release"/> gives the array back and may be called again.</summary>
internal sealed class PooledBuffer
{
    private byte[] _array = [];

    public int Capacity => _array.Length;

    public Span<byte> Span => _array;

    public ReadOnlyMemory<byte> Memory(int count) => _array.AsMemory(0, count);

    public ReadOnlySequence<byte> Sequence(int count) => new(_array, 0, count);

    /// <summary>Makes room for at least this many bytes and keeps the first <paramref name="kept"/>, as far as there are that many.</summary>
    public void EnsureCapacity(int bytes, int kept)
    {
        if (_array.Length >= bytes)
        {
            return;
        }
        byte[] larger = ArrayPool<byte>.Shared.Rent(bytes);
        _array.AsSpan(0, Math.Min(kept, _array.Length)).CopyTo(larger);
        Release();
        _array = larger;
    }

    public void Release()
    {
        byte[] array = _array;
        _array = [];
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
