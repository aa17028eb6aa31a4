using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// The encodings of a sample that writers choose. They only save time: whatever does not look exactly like one of them is left to the general
/// way, which means the same.
/// </summary>
internal sealed partial class BatchDecoder
{
    /// <summary>Tag and length of the timestamp's field and of the gauge's, nine bytes of timestamp (until the year 2262), eight of value.</summary>
    private const int PlainGaugeBytes = 19;

    /// <summary>Length and first tag, as they lie in memory.</summary>
    private const ushort PlainGaugeStart = PlainGaugeBytes | ((int)TimestampTag << 8);

    /// <summary>
    /// Takes gauges one after another as long as each has the usual 19 bytes. False when not even the first has; <paramref name="reader"/>
    /// stands behind the first one's tag, and afterwards behind the last sample taken.
    /// </summary>
    private bool TryTakePlainGauges(ref WireReader reader, ref MetricScan scan)
    {
        const int Stride = PlainGaugeBytes + 2;    // With the length and the tag of the next.
        ReadOnlySpan<byte> bytes = reader.Rest;
        int countMax = (int)Math.Min((bytes.Length + 1) / Stride, RoomForSamples);
        if (countMax <= 0 || !BitConverter.IsLittleEndian || !IsPlainGauge(ref MemoryMarshal.GetReference(bytes)))
        {
            return false;
        }
        ref MetricRun run = ref RunOf(RunForm.GaugePairs, scan);
        Span<ulong> pairs = Tape.AddWords(2 * countMax, out int wordsAt);
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
        Tape.Rewind(Tape.RunCount, Tape.TickCount, wordsAt + (2 * count));
        run.Count += count;
        SampleCount += count;
        scan.SampleIndex += count;
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
}
