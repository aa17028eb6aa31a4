using System.Collections;

namespace Observability.Aggregator.Storage;

/// <summary>
/// A list that only grows. Whoever adds holds the catalog's lock; readers take no lock and see every item that was added
/// before the count they read.
/// </summary>
internal sealed class PublishedList<T> : IReadOnlyList<T> where T : class
{
    private T[] _items = [];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public T this[int index] => AsSpan()[index];

    /// <summary>The items so far. The count is read first: an array read after it holds at least that many.</summary>
    public ReadOnlySpan<T> AsSpan()
    {
        int count = Volatile.Read(ref _count);
        return Volatile.Read(ref _items).AsSpan(0, count);
    }

    public void Add(T item)
    {
        int count = _count;
        if (count == _items.Length)
        {
            T[] larger = new T[Math.Max(8, count * 2)];
            _items.CopyTo(larger, 0);
            Volatile.Write(ref _items, larger);
        }
        _items[count] = item;
        Volatile.Write(ref _count, count + 1);
    }

    public IEnumerator<T> GetEnumerator()
    {
        int count = Count;
        for (int i = 0; i < count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
