namespace Observability.Aggregator.Ingest;

/// <summary>Where one label lies in the bytes of a message.</summary>
internal readonly record struct LabelSpan(int KeyAt, int KeyLength, int ValueAt, int ValueLength);

/// <summary>
/// [Data plane] The name and labels of the metric being read, as places in the message: no string. Reused for every metric; one thread.
/// </summary>
internal sealed class IdentitySpans
{
    /// <summary>Entries kept; a metric with more is past every setting of Storage:LabelsMax.</summary>
    public const int LabelsMax = 512;

    private readonly LabelSpan[] _labels = new LabelSpan[LabelsMax];

    public int NameAt { get; private set; }

    public int NameLength { get; private set; }

    public int Count { get; private set; }

    /// <summary>More entries than are kept.</summary>
    public bool HasTooMany { get; private set; }

    public ReadOnlySpan<LabelSpan> Labels => _labels.AsSpan(0, Count);

    public void Clear()
    {
        NameAt = 0;
        NameLength = 0;
        Count = 0;
        HasTooMany = false;
    }

    public void SetName(int at, int length)
    {
        NameAt = at;
        NameLength = length;
    }

    public void Add(LabelSpan label)
    {
        if (Count == LabelsMax)
        {
            HasTooMany = true;
            return;
        }
        _labels[Count++] = label;
    }

    /// <summary>The same whatever the order of the labels.</summary>
    public ulong Hash(ReadOnlySpan<byte> message, ulong seed)
    {
        ulong hash = SeededHash.Compute(message.Slice(NameAt, NameLength), seed);
        foreach (LabelSpan label in Labels)
        {
            ulong key = SeededHash.Compute(message.Slice(label.KeyAt, label.KeyLength), seed);
            hash += SeededHash.Compute(message.Slice(label.ValueAt, label.ValueLength), key);
        }
        return hash;
    }

    /// <summary>As a protobuf map, the last entry of a key counts; as in Prometheus, an empty value is no label. True if that changed anything.</summary>
    public bool Normalize(ReadOnlySpan<byte> message)
    {
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            if (_labels[i].ValueLength > 0 && !IsRepeatedLater(message, i))
            {
                _labels[kept++] = _labels[i];
            }
        }
        bool changed = kept != Count;
        Count = kept;
        return changed;
    }

    private bool IsRepeatedLater(ReadOnlySpan<byte> message, int index)
    {
        ReadOnlySpan<byte> key = message.Slice(_labels[index].KeyAt, _labels[index].KeyLength);
        for (int i = index + 1; i < Count; i++)
        {
            if (key.SequenceEqual(message.Slice(_labels[i].KeyAt, _labels[i].KeyLength)))
            {
                return true;
            }
        }
        return false;
    }
}
