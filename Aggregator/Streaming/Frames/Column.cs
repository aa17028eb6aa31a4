using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>
/// One column of a frame while it is gathered. [data plane] Written by one thread. It grows to what the largest frame needed and stays:
/// no allocation after that.
/// </summary>
internal sealed class Column<T>
    where T : unmanaged
{
    private const int CountAtStart = 64;

    private T[] _values = new T[CountAtStart];

    public int Count { get; private set; }

    public ref T this[int index] => ref _values[index];

    public ReadOnlySpan<T> Values => _values.AsSpan(0, Count);

    /// <summary>What the column takes in a frame, with its padding.</summary>
    public int FrameBytes => FrameLayout.Align(Count * Unsafe.SizeOf<T>());

    public void Clear() => Count = 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T value)
    {
        int index = Count;
        if ((uint)index >= (uint)_values.Length)
        {
            Grow(1);
        }
        _values[index] = value;
        Count = index + 1;
    }

    /// <summary>Room for <paramref name="count"/> more, which the caller fills.</summary>
    public Span<T> Extend(int count)
    {
        if (_values.Length - Count < count)
        {
            Grow(count);
        }
        Span<T> added = _values.AsSpan(Count, count);
        Count += count;
        return added;
    }

    /// <summary>Copies the column, little-endian and padded with zero bytes, and returns what is left of the destination.</summary>
    public Span<byte> WriteTo(Span<byte> destination)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(Values);
        bytes.CopyTo(destination);
        int padded = FrameLayout.Align(bytes.Length);
        destination[bytes.Length..padded].Clear();
        return destination[padded..];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int count) => Array.Resize(ref _values, (int)uint.Min((uint)Array.MaxLength, uint.Max((uint)(Count + count), (uint)_values.Length * 2)));
}
