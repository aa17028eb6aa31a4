using System.Collections;

namespace Observability.Aggregator.Storage;

/// <summary>Labels of a series, sorted by name (ordinal), without duplicates, empty values left out as Prometheus does. Immutable.</summary>
internal sealed class LabelSet : IReadOnlyList<Label>, IEquatable<LabelSet>
{
    public static readonly LabelSet Empty = new([]);

    private readonly Label[] _labels;
    private readonly int _hash;

    private LabelSet(Label[] sorted)
    {
        _labels = sorted;
        HashCode hash = default;
        foreach (Label label in sorted)
        {
            hash.Add(label.Name, StringComparer.Ordinal);
            hash.Add(label.Value, StringComparer.Ordinal);
        }
        _hash = hash.ToHashCode();
    }

    public int Count => _labels.Length;

    public Label this[int index] => _labels[index];

    /// <summary>Of labels with the same name the last counts, as in a protobuf map.</summary>
    public static LabelSet From(params IEnumerable<Label> labels)
    {
        SortedDictionary<string, string> sorted = new(StringComparer.Ordinal);
        foreach (Label label in labels)
        {
            sorted[label.Name] = label.Value;
        }
        Label[] kept = [.. sorted.Where(pair => pair.Value.Length > 0).Select(pair => new Label(pair.Key, pair.Value))];
        return kept.Length == 0 ? Empty : new LabelSet(kept);
    }

    public static LabelSet From(params ReadOnlySpan<(string Name, string Value)> labels)
    {
        List<Label> list = new(labels.Length);
        foreach ((string name, string value) in labels)
        {
            list.Add(new Label(name, value));
        }
        return From(list);
    }

    public bool TryGet(string name, out string value)
    {
        foreach (Label label in _labels)
        {
            if (string.Equals(label.Name, name, StringComparison.Ordinal))
            {
                value = label.Value;
                return true;
            }
        }
        value = "";
        return false;
    }

    public ReadOnlySpan<Label> AsSpan() => _labels;

    public bool Equals(LabelSet? other) =>
        other is not null && (ReferenceEquals(this, other) || (_hash == other._hash && _labels.AsSpan().SequenceEqual(other._labels)));

    public override bool Equals(object? obj) => Equals(obj as LabelSet);

    public override int GetHashCode() => _hash;

    public override string ToString() => "{" + string.Join(",", _labels.Select(label => $"{label.Name}=\"{label.Value}\"")) + "}";

    public IEnumerator<Label> GetEnumerator() => ((IEnumerable<Label>)_labels).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
