using System.Collections;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Labels of a series, sorted by name (ordinal), without duplicates, empty values left out as Prometheus does. A metric's own label that is called service, instance or
/// __name__, which the identity owns, is kept as exported_service and so on, again as Prometheus does. Immutable.
/// </summary>
internal sealed class LabelSet : IReadOnlyList<Label>, IEquatable<LabelSet>
{
    public const string ExportedPrefix = "exported_";

    public static readonly LabelSet Empty = new([]);

    private static readonly string[] OwnedByIdentity = ["service", "instance", "__name__"];

    private readonly Label[] _labels;
    private readonly int _hash;

    private LabelSet(Label[] sorted, int hash) => (_labels, _hash) = (sorted, hash);

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
        if (labels is Label[] ready && IsReady(ready))
        {
            return ready.Length == 0 ? Empty : new LabelSet([.. ready]);
        }
        SortedDictionary<string, string> sorted = new(StringComparer.Ordinal);
        foreach (Label label in labels)
        {
            sorted[label.Name] = label.Value;
        }
        foreach (string owned in OwnedByIdentity)
        {
            if (sorted.Remove(owned, out string? value) && value.Length > 0)
            {
                string name = ExportedPrefix + owned;
                while (sorted.ContainsKey(name))
                {
                    name = ExportedPrefix + name;
                }
                sorted.Add(name, value);
            }
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

    /// <summary>The same labels with strings that others share.</summary>
    public LabelSet With(Func<string, string> shared)
    {
        if (_labels.Length == 0)
        {
            return Empty;
        }
        Label[] labels = new Label[_labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = new Label(shared(_labels[i].Name), shared(_labels[i].Value));
        }
        return new LabelSet(labels, _hash);
    }

    /// <summary>As they come out of a snapshot and from most senders: in order, each once, none empty, none that the identity owns.</summary>
    private static bool IsReady(Label[] labels)
    {
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i].Value.Length == 0 || OwnedByIdentity.Contains(labels[i].Name) || (i > 0 && string.CompareOrdinal(labels[i - 1].Name, labels[i].Name) >= 0))
            {
                return false;
            }
        }
        return true;
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

internal readonly record struct Label(string Name, string Value);
