using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Observability.Agent.Recording;

/// <summary>
/// Finds the handle of a name and labels as the caller passed them, without building a key: open addressing over immutable entries.
/// Readers take no lock; <see cref="Add"/> is called under the registry's lock and publishes an entry, or a larger table, as one reference.
/// </summary>
internal sealed class NameCache<T>(int entriesMax)
    where T : InstrumentHandle
{
    private const int InitialSize = 64;

    private Entry?[] _table = new Entry?[InitialSize];
    private int _count;

    public T? Find(string name, ReadOnlySpan<(string Name, string Value)> labels)
    {
        int hash = NameHash.Of(name, labels);
        Entry?[] table = Volatile.Read(ref _table);
        int mask = table.Length - 1;
        for (int i = hash & mask; ; i = (i + 1) & mask)
        {
            Entry? entry = Volatile.Read(ref table[i]);
            if (entry is null)
            {
                return null;
            }
            if (entry.Hash == hash && entry.Matches(name, labels))
            {
                return entry.Handle;
            }
        }
    }

    /// <summary>Remembers the handle for these arguments; beyond the limit they are simply resolved the slow way each time.</summary>
    public void Add(string name, ReadOnlySpan<(string Name, string Value)> labels, T handle)
    {
        if (_count >= entriesMax)
        {
            return;
        }
        if ((_count + 1) * 2 > _table.Length)
        {
            Grow();
        }
        _count++;
        Place(_table, new Entry(NameHash.Of(name, labels), name, labels.ToArray(), handle));
    }

    private static void Place(Entry?[] table, Entry entry)
    {
        int mask = table.Length - 1;
        int i = entry.Hash & mask;
        while (table[i] is not null)
        {
            i = (i + 1) & mask;
        }
        Volatile.Write(ref table[i], entry);
    }

    private void Grow()
    {
        var table = new Entry?[_table.Length * 2];
        foreach (Entry? entry in _table)
        {
            if (entry is not null)
            {
                Place(table, entry);
            }
        }
        Volatile.Write(ref _table, table);
    }

    private sealed class Entry(int hash, string name, (string Name, string Value)[] labels, T handle)
    {
        public readonly int Hash = hash;
        public readonly T Handle = handle;

        public bool Matches(string otherName, ReadOnlySpan<(string Name, string Value)> otherLabels)
        {
            if (name != otherName || labels.Length != otherLabels.Length)
            {
                return false;
            }
            for (int i = 0; i < labels.Length; i++)
            {
                if (labels[i].Name != otherLabels[i].Name || labels[i].Value != otherLabels[i].Value)
                {
                    return false;
                }
            }
            return true;
        }
    }
}

/// <summary>Hash of names as passed, seeded per process so that label values from outside cannot be chosen to collide.</summary>
internal static class NameHash
{
    private static readonly long Seed = Random.Shared.NextInt64();

    public static int Of(string name, ReadOnlySpan<(string Name, string Value)> labels)
    {
        ulong hash = Mix(Seed, name);
        foreach ((string labelName, string value) in labels)
        {
            hash = Mix((long)Mix((long)hash, labelName), value);
        }
        return (int)(hash >> 32);
    }

    private static ulong Mix(long seed, string text) => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text.AsSpan()), seed);
}
