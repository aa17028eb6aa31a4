using System.Text;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// Name and labels of a series as they stand on the wire, and the series itself once its kind is known. Found by its bytes, so
/// that a message with everything inline needs no string.
/// </summary>
internal sealed class WireIdentity
{
    private readonly LabelSpan[] _labels;
    private readonly int _nameAt;
    private readonly int _nameLength;

    public WireIdentity(ReadOnlySpan<byte> message, IdentitySpans spans, ulong hash)
    {
        Hash = hash;
        Raw = Encode(message, spans, out _nameAt, out _labels);
        _nameLength = spans.NameLength;
    }

    public ulong Hash { get; }

    /// <summary>The fields name and labels as a protobuf writer puts them, labels in the order first seen: what a repeated metric begins with.</summary>
    public byte[] Raw { get; }

    /// <summary>Null until the first sample tells the kind, or while a limit forbids it.</summary>
    public Series? Series { get; set; }

    /// <summary>The unit declared before the series existed.</summary>
    public string Unit { get; set; } = "";

    public bool HasUnit { get; set; }

    /// <summary>Series that its metric name may still have; null until one was asked for.</summary>
    public IdentityBudget? NameBudget { get; set; }

    /// <summary>Whether its series counts in <see cref="NameBudget"/>.</summary>
    public bool HoldsName { get; set; }

    /// <summary>Not in the cache any more, since its series has left.</summary>
    public bool IsDropped { get; set; }

    public void ReturnName()
    {
        if (HoldsName)
        {
            HoldsName = false;
            NameBudget!.Return(1);
        }
    }

    /// <summary>Where its samples are summed up while a limit forbids it a series; null when that too finds no room.</summary>
    public OverflowTotal? Overflow { get; set; }

    /// <summary>Whether <see cref="Overflow"/> was looked for.</summary>
    public bool HasOverflow { get; set; }

    /// <summary>The counter's value that <see cref="Overflow"/> knows.</summary>
    public ulong OverflowLast;

    /// <summary>The identity that followed this one last time: a guess, checked byte by byte.</summary>
    public WireIdentity? Next { get; set; }

    /// <summary>Next in the same bucket of the cache.</summary>
    public WireIdentity? Chain { get; set; }

    public string Name => Encoding.UTF8.GetString(Raw, _nameAt, _nameLength);

    public LabelSet Labels => LabelSet.From(_labels.Select(label => new Label(
        Encoding.UTF8.GetString(Raw, label.KeyAt, label.KeyLength), Encoding.UTF8.GetString(Raw, label.ValueAt, label.ValueLength))));

    /// <summary>[Data plane] The same name and labels, in whatever order.</summary>
    public bool Matches(ReadOnlySpan<byte> message, IdentitySpans spans)
    {
        if (spans.Count != _labels.Length
            || !message.Slice(spans.NameAt, spans.NameLength).SequenceEqual(Raw.AsSpan(_nameAt, _nameLength)))
        {
            return false;
        }
        ReadOnlySpan<LabelSpan> labels = spans.Labels;
        for (int i = 0; i < labels.Length; i++)
        {
            if (!HasLabel(message, labels[i], i))
            {
                return false;
            }
        }
        return true;
    }

    private bool HasLabel(ReadOnlySpan<byte> message, LabelSpan label, int likely)
    {
        ReadOnlySpan<byte> key = message.Slice(label.KeyAt, label.KeyLength);
        ReadOnlySpan<byte> value = message.Slice(label.ValueAt, label.ValueLength);
        for (int i = 0; i < _labels.Length; i++)
        {
            int at = likely + i;
            LabelSpan own = _labels[at < _labels.Length ? at : at - _labels.Length];
            if (Raw.AsSpan(own.KeyAt, own.KeyLength).SequenceEqual(key))
            {
                return Raw.AsSpan(own.ValueAt, own.ValueLength).SequenceEqual(value);
            }
        }
        return false;
    }

    private static byte[] Encode(ReadOnlySpan<byte> message, IdentitySpans spans, out int nameAt, out LabelSpan[] labels)
    {
        using MemoryStream raw = new();
        nameAt = WriteField(raw, 1, message.Slice(spans.NameAt, spans.NameLength));
        labels = new LabelSpan[spans.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            LabelSpan label = spans.Labels[i];
            using MemoryStream entry = new();
            int keyAt = WriteField(entry, 1, message.Slice(label.KeyAt, label.KeyLength));
            int valueAt = WriteField(entry, 2, message.Slice(label.ValueAt, label.ValueLength));
            int at = WriteField(raw, 2, entry.ToArray());
            labels[i] = new LabelSpan(at + keyAt, label.KeyLength, at + valueAt, label.ValueLength);
        }
        return raw.ToArray();
    }

    private static int WriteField(MemoryStream to, int field, ReadOnlySpan<byte> bytes)
    {
        to.WriteByte((byte)((field << 3) | WireReader.Bytes));
        uint length = (uint)bytes.Length;
        for (; length >= 0x80; length >>= 7)
        {
            to.WriteByte((byte)(length | 0x80));
        }
        to.WriteByte((byte)length);
        int at = (int)to.Position;
        to.Write(bytes);
        return at;
    }
}
