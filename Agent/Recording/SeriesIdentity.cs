namespace Observability.Agent.Recording;

internal enum SeriesKind : byte
{
    Gauge = 1,
    Counter = 2,
    Histogram = 3,
}

/// <summary>Name and labels (sorted by name, ordinal) of one series; equal when all of them are.</summary>
internal sealed class SeriesIdentity
{
    private SeriesIdentity(string name, (string Name, string Value)[] labels)
    {
        Name = name;
        Labels = labels;
        Hash = new SeriesKey(name, labels).Hash;
    }

    public string Name { get; }

    public (string Name, string Value)[] Labels { get; }

    public int Hash { get; }

    public static SeriesIdentity Create(string name, ReadOnlySpan<(string Name, string Value)> labels)
    {
        (string Name, string Value)[] sorted = labels.ToArray();
        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return new SeriesIdentity(name, sorted);
    }
}

/// <summary>Name and labels as a caller passed them, in any order: finds a <see cref="SeriesIdentity"/> without building one.</summary>
internal readonly ref struct SeriesKey(string name, ReadOnlySpan<(string Name, string Value)> labels)
{
    private readonly ReadOnlySpan<(string Name, string Value)> _labels = labels;

    /// <summary>The same for every order of the labels.</summary>
    public int Hash
    {
        get
        {
            int sum = 0;
            foreach ((string labelName, string value) in _labels)
            {
                sum += HashCode.Combine(labelName, value);
            }
            return HashCode.Combine(name, sum);
        }
    }

    public SeriesIdentity ToIdentity() => SeriesIdentity.Create(name, _labels);

    /// <summary>Labels that differ in their names: so it is enough that each is found in the other.</summary>
    public bool Matches(SeriesIdentity identity)
    {
        if (identity.Name != name || identity.Labels.Length != _labels.Length)
        {
            return false;
        }
        foreach ((string Name, string Value) label in _labels)
        {
            if (Array.IndexOf(identity.Labels, label) < 0)
            {
                return false;
            }
        }
        return true;
    }
}

internal sealed class SeriesComparer : IEqualityComparer<SeriesIdentity>, IAlternateEqualityComparer<SeriesKey, SeriesIdentity>
{
    public bool Equals(SeriesIdentity? x, SeriesIdentity? y) =>
        ReferenceEquals(x, y) || (x is not null && y is not null && new SeriesKey(x.Name, x.Labels).Matches(y));

    public bool Equals(SeriesKey alternate, SeriesIdentity other) => alternate.Matches(other);

    public int GetHashCode(SeriesIdentity obj) => obj.Hash;

    public int GetHashCode(SeriesKey alternate) => alternate.Hash;

    public SeriesIdentity Create(SeriesKey alternate) => alternate.ToIdentity();
}
