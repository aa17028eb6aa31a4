namespace Observability.Agent.Recording;

internal enum SeriesKind : byte
{
    Gauge = 1,
    Counter = 2,
    Histogram = 3,
}

/// <summary>Name and labels (sorted by name, ordinal) of one series; equal when all of them are.</summary>
internal sealed class SeriesIdentity : IEquatable<SeriesIdentity>
{
    private readonly int _hash;

    private SeriesIdentity(string name, (string Name, string Value)[] labels)
    {
        Name = name;
        Labels = labels;
        var hash = new HashCode();
        hash.Add(name);
        foreach ((string labelName, string value) in labels)
        {
            hash.Add(labelName);
            hash.Add(value);
        }
        _hash = hash.ToHashCode();
    }

    public string Name { get; }

    public (string Name, string Value)[] Labels { get; }

    public static SeriesIdentity Create(string name, ReadOnlySpan<(string Name, string Value)> labels)
    {
        (string Name, string Value)[] sorted = labels.ToArray();
        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return new SeriesIdentity(name, sorted);
    }

    public bool Equals(SeriesIdentity? other) =>
        other is not null && other._hash == _hash && other.Name == Name && other.Labels.AsSpan().SequenceEqual(Labels);

    public override bool Equals(object? obj) => Equals(obj as SeriesIdentity);

    public override int GetHashCode() => _hash;
}
