using System.IO.Hashing;
using System.Text.Unicode;

namespace Observability.Aggregator.Ingest;

/// <summary>Where one label lies in a message.</summary>
internal readonly record struct LabelSpan(int KeyAt, int KeyLength, int ValueAt, int ValueLength);

/// <summary>
/// [Data plane] Name and labels of the metric being read, as offsets into the message: no string. Reused for every metric; one thread.
/// </summary>
internal sealed class IdentitySpans
{
    /// <summary>Labels kept; a metric with more is past every allowed value of Storage:LabelsMax.</summary>
    public const int LabelsMax = 512;

    public const uint NameTag = (1 << 3) | WireReader.Bytes;
    public const uint LabelsTag = (2 << 3) | WireReader.Bytes;

    private static readonly string[] LabelFields = ["key", "value"];

    private readonly LabelSpan[] _labels = new LabelSpan[LabelsMax];
    private int _nameAt;
    private int _nameLength;
    private int _read;    // Those not kept too.

    public int NameAt => _nameAt;

    public int NameLength => _nameLength;

    public int Count { get; private set; }

    /// <summary>More labels than are kept.</summary>
    public bool HasTooMany => _read > LabelsMax;

    public ReadOnlySpan<LabelSpan> Labels => _labels.AsSpan(0, Count);

    public void Clear()
    {
        _nameAt = 0;
        _nameLength = 0;
        Count = 0;
        _read = 0;
    }

    public bool TryReadName(ref WireReader metric, WireFault fault) =>
        metric.TryReadText(ref _nameAt, ref _nameLength) || fault.At("name", metric.Fault);

    public bool TryReadLabel(ref WireReader metric, WireFault fault)
    {
        int index = _read++;
        if (!metric.TryReadLength(out int length))
        {
            return fault.At($"labels[{index}]", metric.Fault);
        }
        WireReader entry = metric.Take(length);
        (int keyAt, int keyLength, int valueAt, int valueLength) = (entry.At, 0, entry.At, 0);
        while (!entry.AtEnd)
        {
            if (!entry.TryReadTag(out uint tag))
            {
                return fault.At($"labels[{index}]", entry.Fault);
            }
            if (tag is not (NameTag or LabelsTag))    // In a map's entry these are the key and the value.
            {
                if (!fault.Unknown(ref entry, tag, LabelFields))
                {
                    return fault.Within("labels", index);
                }
                continue;
            }
            bool read = tag == NameTag ? entry.TryReadText(ref keyAt, ref keyLength) : entry.TryReadText(ref valueAt, ref valueLength);
            if (!read)
            {
                return fault.At($"labels[{index}].{LabelFields[(tag >> 3) - 1]}", entry.Fault);
            }
        }
        LabelSpan label = new(keyAt, keyLength, valueAt, valueLength);
        if (index < LabelsMax)
        {
            _labels[Count++] = label;
            return true;
        }
        return IsText(metric.Message, label, index, fault);    // Not kept, so checked at once.
    }

    /// <summary>Whether name and labels are text. Only for an identity that is new: those in the cache were checked when they came.</summary>
    public bool IsText(ReadOnlySpan<byte> message, WireFault fault)
    {
        if (!Utf8.IsValid(message.Slice(NameAt, NameLength)))
        {
            return fault.At("name", WireReader.NotUtf8);
        }
        for (int i = 0; i < Count; i++)
        {
            if (!IsText(message, _labels[i], i, fault))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Reads the identity of a run that passed the structural pass, and returns its hash.</summary>
    public ulong ReadAgain(ReadOnlySpan<byte> message, in MetricRun run, WireFault fault, long seed)
    {
        Clear();
        WireReader reader = new(message, run.BodyAt, run.BodyEnd);
        while (!reader.AtEnd)
        {
            WireReader.Require(reader.TryReadTag(out uint tag));
            WireReader.Require(tag switch
            {
                LabelsTag => TryReadLabel(ref reader, fault),
                NameTag => TryReadName(ref reader, fault),
                _ => reader.TrySkip(tag),
            });
        }
        Normalize(message);
        return Hash(message, seed);
    }

    /// <summary>The same whatever the order of the labels.</summary>
    public ulong Hash(ReadOnlySpan<byte> message, long seed)
    {
        ulong hash = XxHash3.HashToUInt64(message.Slice(NameAt, NameLength), seed);
        foreach (LabelSpan label in Labels)
        {
            long key = (long)XxHash3.HashToUInt64(message.Slice(label.KeyAt, label.KeyLength), seed);
            hash += XxHash3.HashToUInt64(message.Slice(label.ValueAt, label.ValueLength), key);
        }
        return hash;
    }

    /// <summary>
    /// As in a protobuf map, the last entry of a key counts; as in Prometheus, an empty value is no label. True if that changed anything. With too many
    /// labels nothing is changed: the metric is refused.
    /// </summary>
    public bool Normalize(ReadOnlySpan<byte> message)
    {
        if (HasTooMany)
        {
            return false;
        }
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

    private static bool IsText(ReadOnlySpan<byte> message, LabelSpan label, int index, WireFault fault)
    {
        if (!Utf8.IsValid(message.Slice(label.KeyAt, label.KeyLength)))
        {
            return fault.At($"labels[{index}].key", WireReader.NotUtf8);
        }
        return Utf8.IsValid(message.Slice(label.ValueAt, label.ValueLength)) || fault.At($"labels[{index}].value", WireReader.NotUtf8);
    }
}
