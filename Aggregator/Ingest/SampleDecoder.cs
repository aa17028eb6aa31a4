using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] The structural pass over a metric's inline samples. The encodings that writers choose have short cuts, which only save time:
/// whatever does not look exactly like one of them is left to the general way, which means the same.
/// </summary>
internal sealed class SampleDecoder(ScannedBatch batch, HistogramDecoder histogram, WireFault fault)
{
    public const uint SamplesTag = (3 << 3) | WireReader.Bytes;
    public const uint HistogramTag = (4 << 3) | WireReader.Bytes;

    private const uint TimestampTag = (1 << 3) | WireReader.Varint;
    private const uint GaugeTag = (2 << 3) | WireReader.Fixed64;
    private const uint CounterTag = (3 << 3) | WireReader.Varint;

    /// <summary>Tag and length of the timestamp's field and of the gauge's, nine bytes of timestamp (until the year 2262), eight of value.</summary>
    private const int PlainGaugeBytes = 19;

    /// <summary>Length and first tag, as they lie in memory.</summary>
    private const ushort PlainGaugeStart = PlainGaugeBytes | ((int)TimestampTag << 8);

    private static readonly string[] SampleFields = ["timestamp_ns", "gauge", "counter", "histogram"];

    /// <summary>One sample or several; <paramref name="reader"/> stands behind the first one's tag. <paramref name="index"/> counts the metric's samples.</summary>
    public bool TryScan(ref WireReader reader, ref int index)
    {
        if (TryTakePlainGauges(ref reader, ref index))
        {
            return true;
        }
        int at = index++;
        if (!reader.TryReadLength(out int length))
        {
            return fault.At($"samples[{at}]", reader.Fault);
        }
        WireReader body = reader.Take(length);
        RunForm form = ReadPlain(body, out ulong timestampNs, out ulong bits);
        if (form != RunForm.Declaration)
        {
            Add(form, timestampNs, bits);
            return true;
        }
        return TryScanSample(body) || fault.Within("samples", at);
    }

    /// <summary>
    /// Takes gauges one after another as long as each has the usual 19 bytes. False when not even the first has; <paramref name="reader"/>
    /// stands behind the first one's tag, and afterwards behind the last sample taken.
    /// </summary>
    private bool TryTakePlainGauges(ref WireReader reader, ref int index)
    {
        const int Stride = PlainGaugeBytes + 2;    // With the length and the tag of the next.
        ReadOnlySpan<byte> bytes = reader.Rest;
        int countMax = (int)Math.Min((bytes.Length + 1) / Stride, batch.RoomForSamples);
        if (countMax <= 0 || !BitConverter.IsLittleEndian || !IsPlainGauge(ref MemoryMarshal.GetReference(bytes)))
        {
            return false;
        }
        ref MetricRun run = ref batch.RunOf(RunForm.GaugePairs);
        Span<ulong> pairs = batch.AddWords(2 * countMax, out int wordsAt);
        int count = 0;
        while (true)
        {
            ref byte at = ref Unsafe.Add(ref MemoryMarshal.GetReference(bytes), count * Stride);    // countMax keeps all of it within the bytes.
            if (count > 0 && (Unsafe.Add(ref at, -1) != SamplesTag || !IsPlainGauge(ref at)))
            {
                break;
            }
            pairs[2 * count] = WireReader.Compact(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, 2))) | ((ulong)Unsafe.Add(ref at, 10) << 56);
            pairs[(2 * count) + 1] = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, 12));
            if (++count == countMax)
            {
                break;
            }
        }
        batch.TrimWords(wordsAt + (2 * count));
        batch.Admit(count);
        run.Count += count;
        index += count;
        reader.At += (count * Stride) - 1;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsPlainGauge(ref byte at) =>
        Unsafe.ReadUnaligned<ushort>(ref at) == PlainGaugeStart
        && Unsafe.Add(ref at, 11) == GaugeTag
        && Unsafe.Add(ref at, 10) < 0x80
        && (Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, 2)) & WireReader.Continues) == WireReader.Continues;

    /// <summary>A timestamp, then a gauge or a counter, and nothing else. Declaration: something else.</summary>
    private static RunForm ReadPlain(WireReader body, out ulong timestampNs, out ulong bits)
    {
        timestampNs = 0;
        bits = 0;
        if (body.Peek(0) != TimestampTag)
        {
            return RunForm.Declaration;
        }
        body.At++;
        if (!body.TryReadVarint(out timestampNs))
        {
            return RunForm.Declaration;
        }
        byte tag = body.Peek(0);
        body.At++;
        if (tag == GaugeTag && body.Remaining == sizeof(ulong))
        {
            return body.TryReadFixed64(out bits) ? RunForm.GaugePairs : RunForm.Declaration;
        }
        return tag == CounterTag && body.TryReadVarint(out bits) && body.AtEnd ? RunForm.CounterPairs : RunForm.Declaration;
    }

    private bool TryScanSample(WireReader reader)
    {
        FieldPieces pieces = default;    // Of the histogram.
        RunForm form = RunForm.Declaration;
        ulong timestampNs = 0;
        ulong bits = 0;
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return fault.At("", reader.Fault);
            }
            switch (tag)
            {
                case TimestampTag:
                    if (!reader.TryReadVarint(out timestampNs))
                    {
                        return fault.At("timestamp_ns", reader.Fault);
                    }
                    break;
                case GaugeTag:
                    if (!reader.TryReadFixed64(out bits))
                    {
                        return fault.At("gauge", reader.Fault);
                    }
                    form = RunForm.GaugePairs;
                    pieces = default;    // Of a oneof the last value counts, and a histogram behind it begins anew.
                    break;
                case CounterTag:
                    if (!reader.TryReadVarint(out bits))
                    {
                        return fault.At("counter", reader.Fault);
                    }
                    form = RunForm.CounterPairs;
                    pieces = default;
                    break;
                case HistogramTag:
                    if (!TryScanHistogram(ref reader, ref pieces))
                    {
                        return false;
                    }
                    form = RunForm.HistogramPairs;
                    break;
                default:
                    if (!fault.Unknown(ref reader, tag, SampleFields))
                    {
                        return false;
                    }
                    break;
            }
        }
        if (form == RunForm.HistogramPairs)
        {
            bits = pieces.Place;
            if (!histogram.CheckColumns())
            {
                return fault.Within("histogram");
            }
        }
        if (form == RunForm.Declaration)
        {
            return fault.At("value", "is missing: one of gauge, counter, histogram is expected");
        }
        Add(form, timestampNs, bits);
        return true;
    }

    private bool TryScanHistogram(ref WireReader reader, ref FieldPieces pieces)
    {
        if (pieces.Count == 0)
        {
            histogram.Clear();
        }
        return pieces.TryAdd(ref reader, out WireReader piece)
            ? histogram.TryRead(piece) || fault.Within("histogram")
            : fault.At("histogram", reader.Fault);
    }

    private void Add(RunForm form, ulong timestampNs, ulong bits)
    {
        if (batch.Admit(1) > 0)
        {
            batch.RunOf(form).Count++;
            batch.AddPair(timestampNs, bits);
        }
    }
}
