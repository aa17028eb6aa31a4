using System.Collections;

namespace Observability.Aggregator.Storage;

/// <summary>
/// A list that grows, and now and then is replaced by a shorter one. Whoever changes it holds the catalog's lock; readers take no lock and see every item
/// that was added before they looked.
/// </summary>
internal sealed class PublishedList<T> : IReadOnlyList<T> where T : class
{
    private Part _part = new([], 0);

    public int Count => Volatile.Read(ref Volatile.Read(ref _part).Count);

    public T this[int index] => AsSpan()[index];

    /// <summary>The items so far.</summary>
    public ReadOnlySpan<T> AsSpan()
    {
        Part part = Volatile.Read(ref _part);
        return part.Items.AsSpan(0, Volatile.Read(ref part.Count));
    }

    public void Add(T item)
    {
        Part part = _part;
        int count = part.Count;
        if (count == part.Items.Length)
        {
            T[] larger = new T[Math.Max(8, count * 2)];
            part.Items.CopyTo(larger, 0);
            part = new Part(larger, count);
            Volatile.Write(ref _part, part);
        }
        part.Items[count] = item;
        Volatile.Write(ref part.Count, count + 1);
    }

    /// <summary>Replaces all items; a reader in the middle of a read sees the former ones.</summary>
    public void Replace(T[] items) => Volatile.Write(ref _part, new Part(items, items.Length));

    public IEnumerator<T> GetEnumerator()
    {
        Part part = Volatile.Read(ref _part);
        int count = Volatile.Read(ref part.Count);
        for (int i = 0; i < count; i++)
        {
            yield return part.Items[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private sealed class Part(T[] items, int count)
    {
        public readonly T[] Items = items;
        public int Count = count;
    }
}
