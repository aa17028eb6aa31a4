using System.Text.Unicode;
using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Ingest;

internal sealed partial class BatchDecoder
{
    private const string NotUtf8 = "is not valid UTF-8";
    private const uint NameTag = (1 << 3) | WireReader.Bytes;
    private const uint LabelsTag = (2 << 3) | WireReader.Bytes;
    private const uint SamplesTag = (3 << 3) | WireReader.Bytes;
    private const uint PackedTag = (5 << 3) | WireReader.Bytes;
    private const uint AggregatesTag = (7 << 3) | WireReader.Bytes;

    private static readonly string[] MetricFields = ["name", "labels", "samples", "series_ref", "packed", "unit", "aggregates"];
    private static readonly string[] LabelFields = ["key", "value"];

    /// <summary>What is known of the metric being read.</summary>
    private struct MetricScan
    {
        public int FirstRun;
        public int SampleIndex;
        public int Labels;
        public uint Ref;
        public int UnitAt;
        public int UnitLength;
        public Piece Packed;
        public Piece Aggregates;
    }

    private bool TryScanMetric(WireReader body, int index)
    {
        // Agents send the same metrics in the same order: most of the time the identity that followed last time follows again, and one
        // comparison of bytes stands for reading name and labels.
        SeriesIdentity? expected = _previous is null ? _identities.First : _previous.Next;
        if (expected is null || !body.StartsWith(expected.Raw) || body.Peek(expected.Raw.Length) is (byte)NameTag or (byte)LabelsTag)
        {
            return TryScanMetric(body, index, null, out _);
        }
        if (expected.Next is { } following)
        {
            Ahead.Fetch(following.Raw);
            Ahead.Fetch(following.Next);
        }
        (int runs, int words, long samples, long over, int declarations) =
            (Tape.RunCount, Tape.WordCount, SampleCount, OverLimitCount, DeclarationCount);
        int side = _sideAt;
        bool scanned = TryScanMetric(body, index, expected, out bool mistaken);
        if (!mistaken)
        {
            return scanned;
        }
        // The name or a label came again further on: read it all without the guess.
        _sideAt = side;
        Tape.Rewind(runs, Tape.TickCount, words);
        (SampleCount, OverLimitCount, DeclarationCount) = (samples, over, declarations);
        return TryScanMetric(body, index, null, out _);
    }

    private bool TryScanMetric(WireReader body, int index, SeriesIdentity? expected, out bool mistaken)
    {
        MetricScan scan = new() { FirstRun = Tape.RunCount };
        WireReader reader = body;
        mistaken = false;
        if (expected is null)
        {
            Spans.Clear();
        }
        else
        {
            reader.At += expected.Raw.Length;
        }
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return Fault.At("", reader.Fault);
            }
            if (tag == SamplesTag)
            {
                if (!TryScanSampleField(ref reader, ref scan))
                {
                    return false;
                }
                continue;
            }
            if (expected is not null && tag is NameTag or LabelsTag)
            {
                mistaken = true;
                return false;
            }
            if (!TryScanMetricField(ref reader, tag, ref scan))
            {
                return false;
            }
        }
        return TryFinishMetric(body, index, expected, ref scan);
    }

    private bool TryScanMetricField(ref WireReader reader, uint tag, ref MetricScan scan)
    {
        switch (tag)
        {
            case NameTag:
                if (!reader.TryReadLength(out int nameLength))
                {
                    return Fault.At("name", reader.Fault);
                }
                Spans.SetName(reader.At, nameLength);
                reader.Take(nameLength);
                return true;
            case LabelsTag:
                return TryScanLabel(ref reader, scan.Labels++);
            case (4 << 3) | WireReader.Varint:
                bool readRef = reader.TryReadVarint(out ulong seriesRef);
                scan.Ref = (uint)seriesRef;
                return readRef || Fault.At("series_ref", reader.Fault);
            case PackedTag:
                return TryScanPiece(ref reader, "packed", ref scan.Packed);
            case (6 << 3) | WireReader.Bytes:
                if (!reader.TryReadLength(out scan.UnitLength))
                {
                    return Fault.At("unit", reader.Fault);
                }
                scan.UnitAt = reader.At;
                reader.Take(scan.UnitLength);
                return Utf8.IsValid(Message.Slice(scan.UnitAt, scan.UnitLength)) || Fault.At("unit", NotUtf8);
            case AggregatesTag:
                return TryScanPiece(ref reader, "aggregates", ref scan.Aggregates);
            default:
                return Fault.Unknown(ref reader, tag, MetricFields);
        }
    }

    private bool TryScanLabel(ref WireReader reader, int index)
    {
        if (!reader.TryReadLength(out int length))
        {
            return Fault.At($"labels[{index}]", reader.Fault);
        }
        WireReader entry = reader.Take(length);
        (int keyAt, int keyLength, int valueAt, int valueLength) = (entry.At, 0, entry.At, 0);
        while (!entry.AtEnd)
        {
            if (!entry.TryReadTag(out uint tag))
            {
                return Fault.At($"labels[{index}]", entry.Fault);
            }
            if (tag is not (NameTag or LabelsTag))    // In a map's entry these are the key and the value.
            {
                if (!Fault.Unknown(ref entry, tag, LabelFields))
                {
                    return Fault.Within("labels", index);
                }
                continue;
            }
            if (!entry.TryReadLength(out int textLength))
            {
                return Fault.At($"labels[{index}].{LabelFields[(tag >> 3) - 1]}", entry.Fault);
            }
            (keyAt, keyLength) = tag == NameTag ? (entry.At, textLength) : (keyAt, keyLength);
            (valueAt, valueLength) = tag == LabelsTag ? (entry.At, textLength) : (valueAt, valueLength);
            entry.Take(textLength);
        }
        if (index >= IdentitySpans.LabelsMax && !IsLabelText(keyAt, keyLength, valueAt, valueLength, index))
        {
            return false;
        }
        Spans.Add(new LabelSpan(keyAt, keyLength, valueAt, valueLength));
        return true;
    }

    private bool TryFinishMetric(WireReader body, int index, SeriesIdentity? expected, ref MetricScan scan)
    {
        SeriesIdentity? identity = expected;
        bool named = expected is not null || Spans.NameLength > 0;
        if (expected is null && !TryFindIdentity(scan, ref identity))
        {
            return false;
        }
        if (!TryScanColumns(body, ref scan))
        {
            return false;
        }
        if (named && scan.Ref != 0)
        {
            DeclarationCount++;
            if (Tape.RunCount == scan.FirstRun)
            {
                Tape.AddRun().Form = RunForm.Declaration;
            }
        }
        foreach (ref MetricRun run in Tape.Runs[scan.FirstRun..])
        {
            run.Identity = identity;
            run.IsNamed = named;
            run.Ref = scan.Ref;
            run.Metric = index;
            (run.BodyAt, run.BodyEnd) = (body.At, body.End);
            (run.UnitAt, run.UnitLength) = (scan.UnitAt, scan.UnitLength);
        }
        if (identity is not null)
        {
            Remember(identity);
        }
        return true;
    }

    /// <summary>By hash, or null for an identity not seen before, whose text is checked here: an identity in the cache was checked when it came.</summary>
    private bool TryFindIdentity(in MetricScan scan, ref SeriesIdentity? identity)
    {
        if (Spans.NameLength == 0)
        {
            return scan.Ref != 0 && scan.Labels == 0
                ? true
                : Fault.At("name", scan.Ref == 0 ? "is missing" : "is missing beside labels");
        }
        ReadOnlySpan<byte> message = Message;
        identity = _identities.Find(message, Spans, Spans.Hash(message, _identities.Seed));
        if (identity is not null)
        {
            return true;
        }
        if (!Utf8.IsValid(message.Slice(Spans.NameAt, Spans.NameLength)))
        {
            return Fault.At("name", NotUtf8);
        }
        for (int i = 0; i < Spans.Count; i++)
        {
            LabelSpan label = Spans.Labels[i];
            if (!IsLabelText(label.KeyAt, label.KeyLength, label.ValueAt, label.ValueLength, i))
            {
                return false;
            }
        }
        if (!Spans.HasTooMany && Spans.Normalize(message))
        {
            identity = _identities.Find(message, Spans, Spans.Hash(message, _identities.Seed));
        }
        return true;
    }

    private bool IsLabelText(int keyAt, int keyLength, int valueAt, int valueLength, int index)
    {
        if (!Utf8.IsValid(Message.Slice(keyAt, keyLength)))
        {
            return Fault.At($"labels[{index}].key", NotUtf8);
        }
        return Utf8.IsValid(Message.Slice(valueAt, valueLength)) || Fault.At($"labels[{index}].value", NotUtf8);
    }

    /// <summary>Remembers what followed what, for the next message.</summary>
    private void Remember(SeriesIdentity identity)
    {
        if (_previous is null)
        {
            _identities.First = identity;
        }
        else
        {
            _previous.Next = identity;
        }
        _previous = identity;
    }

    /// <summary>
    /// Reads name and labels of a run's metric into <see cref="Spans"/> once more and returns their hash: for an identity that the cache did
    /// not know during the structural pass.
    /// </summary>
    public ulong ReadIdentity(in MetricRun run)
    {
        Spans.Clear();
        WireReader reader = new(Message, run.BodyAt, run.BodyEnd);
        int labels = 0;
        while (!reader.AtEnd)
        {
            Require(reader.TryReadTag(out uint tag));
            if (tag == LabelsTag)
            {
                Require(TryScanLabel(ref reader, labels++));
            }
            else if (tag == NameTag)
            {
                Require(reader.TryReadLength(out int length));
                Spans.SetName(reader.At, length);
                reader.Take(length);
            }
            else
            {
                Require(reader.TrySkip(tag));
            }
        }
        if (!Spans.HasTooMany)
        {
            Spans.Normalize(Message);
        }
        return Spans.Hash(Message, _identities.Seed);
    }
}
