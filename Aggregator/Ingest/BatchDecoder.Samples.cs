namespace Observability.Aggregator.Ingest;

internal sealed partial class BatchDecoder
{
    private const uint TimestampTag = (1 << 3) | WireReader.Varint;
    private const uint GaugeTag = (2 << 3) | WireReader.Fixed64;
    private const uint CounterTag = (3 << 3) | WireReader.Varint;
    private const uint HistogramTag = (4 << 3) | WireReader.Bytes;

    private static readonly string[] SampleFields = ["timestamp_ns", "gauge", "counter", "histogram"];

    private bool TryScanSampleField(ref WireReader reader, ref MetricScan scan)
    {
        if (TryTakePlainGauges(ref reader, ref scan))
        {
            return true;
        }
        int index = scan.SampleIndex++;
        if (!reader.TryReadLength(out int length))
        {
            return Fault.At($"samples[{index}]", reader.Fault);
        }
        WireReader body = reader.Take(length);
        RunForm form = ReadPlain(body, out ulong timestampNs, out ulong bits);
        if (form != RunForm.Declaration)
        {
            AddSample(ref scan, form, timestampNs, bits);
            return true;
        }
        return TryScanSample(body, ref scan) || Fault.Within("samples", index);
    }

    private bool TryScanSample(WireReader body, ref MetricScan scan)
    {
        WireReader reader = body;
        WireReader histogramFrom = body;
        Piece histogram = default;
        RunForm form = RunForm.Declaration;
        ulong timestampNs = 0;
        ulong bits = 0;
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return Fault.At("", reader.Fault);
            }
            switch (tag)
            {
                case TimestampTag:
                    if (!reader.TryReadVarint(out timestampNs))
                    {
                        return Fault.At("timestamp_ns", reader.Fault);
                    }
                    break;
                case GaugeTag:
                    if (!reader.TryReadFixed64(out bits))
                    {
                        return Fault.At("gauge", reader.Fault);
                    }
                    form = RunForm.GaugePairs;
                    histogram = default;
                    histogramFrom = reader;
                    break;
                case CounterTag:
                    if (!reader.TryReadVarint(out bits))
                    {
                        return Fault.At("counter", reader.Fault);
                    }
                    form = RunForm.CounterPairs;
                    histogram = default;
                    histogramFrom = reader;
                    break;
                case HistogramTag:
                    if (!TryScanHistogramPiece(ref reader, ref histogram))
                    {
                        return false;
                    }
                    form = RunForm.HistogramPairs;
                    break;
                default:
                    if (!Fault.Unknown(ref reader, tag, SampleFields))
                    {
                        return false;
                    }
                    break;
            }
        }
        if (form == RunForm.HistogramPairs && !TryFinishHistogram(histogramFrom, histogram, out bits))
        {
            return false;
        }
        if (form == RunForm.Declaration)
        {
            return Fault.At("value", "is missing: one of gauge, counter, histogram is expected");
        }
        AddSample(ref scan, form, timestampNs, bits);
        return true;
    }

    private bool TryScanHistogramPiece(ref WireReader reader, ref Piece histogram)
    {
        if (!TryScanPiece(ref reader, "histogram", ref histogram))
        {
            return false;
        }
        WireReader piece = new(Message, histogram.At, histogram.At + histogram.Length);
        return _histogram.TryRead(piece) || Fault.Within("histogram");
    }

    private bool TryFinishHistogram(WireReader from, in Piece histogram, out ulong place)
    {
        place = 0;
        if (!TryTakeWhole(from, HistogramTag, histogram, out WireReader whole))
        {
            return Fault.Within("histogram");
        }
        place = Place(whole);
        if (histogram.Count > 1 && !_histogram.TryRead(whole))
        {
            return Fault.Within("histogram");
        }
        return _histogram.CheckColumns() || Fault.Within("histogram");
    }

    private static ulong Place(in WireReader body) => ((ulong)(uint)body.At << 32) | (uint)body.Remaining;

    private void AddSample(ref MetricScan scan, RunForm form, ulong timestampNs, ulong bits)
    {
        if (Admit(1) == 0)
        {
            return;
        }
        RunOf(form, scan).Count++;
        Tape.AddPair(timestampNs, bits);
    }

    /// <summary>The run that the metric's next sample belongs to: its last one, or a new one if that is of another form.</summary>
    private ref MetricRun RunOf(RunForm form, in MetricScan scan)
    {
        if (Tape.RunCount > scan.FirstRun && Tape.Runs[^1].Form == form)
        {
            return ref Tape.Runs[^1];
        }
        ref MetricRun run = ref Tape.AddRun();
        run.Form = form;
        run.Values = new Column(Tape.WordCount, 0, OnTape: true);
        return ref run;
    }
}
