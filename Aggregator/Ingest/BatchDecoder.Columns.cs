using System.Diagnostics;

namespace Observability.Aggregator.Ingest;

internal sealed partial class BatchDecoder
{
    private static readonly string[] PackedFields = ["timestamps_ns", "gauges", "counters", "histograms"];
    private static readonly string[] AggregateFields = ["timestamps_ns", "min", "max", "sum", "last", "count"];

    /// <summary>The metric's packed samples or aggregates, if it has any.</summary>
    private bool TryScanColumns(WireReader metric, ref MetricScan scan)
    {
        int kinds = (scan.SampleIndex > 0 ? 1 : 0) + (scan.Packed.Count > 0 ? 1 : 0) + (scan.Aggregates.Count > 0 ? 1 : 0);
        if (kinds > 1)
        {
            return Fault.At(scan.Packed.Count > 0 ? "packed" : "aggregates", "stands beside other samples; one of samples, packed, aggregates is expected");
        }
        if (scan.Packed.Count > 0)
        {
            return (TryTakeWhole(metric, PackedTag, scan.Packed, out WireReader packed) && TryScanPacked(packed)) || Fault.Within("packed");
        }
        return scan.Aggregates.Count == 0
            || (TryTakeWhole(metric, AggregatesTag, scan.Aggregates, out WireReader aggregates) && TryScanAggregates(aggregates))
            || Fault.Within("aggregates");
    }

    private bool TryScanPacked(WireReader body)
    {
        ColumnChunks timestamps = default;
        ColumnChunks gauges = default;
        ColumnChunks counters = default;
        int histograms = 0;
        WireReader reader = body;
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return Fault.At("", reader.Fault);
            }
            bool read = tag switch
            {
                (1 << 3) | WireReader.Bytes or (1 << 3) | WireReader.Fixed64 => TryScanChunk(ref reader, tag, "timestamps_ns", ref timestamps),
                (2 << 3) | WireReader.Bytes or (2 << 3) | WireReader.Fixed64 => TryScanChunk(ref reader, tag, "gauges", ref gauges),
                (3 << 3) | WireReader.Bytes or (3 << 3) | WireReader.Fixed64 => TryScanChunk(ref reader, tag, "counters", ref counters),
                HistogramTag => TryScanPackedHistogram(ref reader, histograms++),
                _ => Fault.Unknown(ref reader, tag, PackedFields),
            };
            if (!read)
            {
                return false;
            }
        }
        if (((gauges.Count > 0 ? 1 : 0) + (counters.Count > 0 ? 1 : 0) + (histograms > 0 ? 1 : 0)) > 1)
        {
            return Fault.At(histograms > 0 ? "histograms" : "counters", "stand beside another value column; exactly one is expected");
        }
        int values = gauges.Count + counters.Count + histograms;
        if (timestamps.Count != values)
        {
            return Fault.At("timestamps_ns", $"are {timestamps.Count}, the values {values}; columns of equal length are expected");
        }
        int count = Admit(values);
        if (count > 0)
        {
            AddPackedRun(body, timestamps, gauges, counters, count);
        }
        return true;
    }

    private void AddPackedRun(WireReader body, in ColumnChunks timestamps, in ColumnChunks gauges, in ColumnChunks counters, int count)
    {
        Column times = TakeColumn(body, 1, timestamps) with { Count = count };
        Column values = default;
        RunForm form = RunForm.HistogramPairs;
        if (gauges.Count + counters.Count > 0)
        {
            form = gauges.Count > 0 ? RunForm.GaugeColumns : RunForm.CounterColumns;
            values = (gauges.Count > 0 ? TakeColumn(body, 2, gauges) : TakeColumn(body, 3, counters)) with { Count = count };
        }
        else
        {
            values = AddHistogramPairs(body, times, count);
        }
        ref MetricRun run = ref Tape.AddRun();
        run.Form = form;
        run.Count = count;
        run.Timestamps = times;
        run.Values = values;
    }

    private Column AddHistogramPairs(WireReader body, Column times, int count)
    {
        int at = Tape.WordCount;
        for (int i = 0; i < count;)
        {
            Require(body.TryReadTag(out uint tag));
            if (tag != HistogramTag)
            {
                Require(body.TrySkip(tag));
                continue;
            }
            Require(body.TryReadLength(out int length));
            Tape.AddPair(Values(times)[i], Place(body.Take(length)));
            i++;
        }
        return new Column(at, count, OnTape: true);
    }

    private bool TryScanPackedHistogram(ref WireReader reader, int index)
    {
        if (!reader.TryReadLength(out int length))
        {
            return Fault.At($"histograms[{index}]", reader.Fault);
        }
        return (_histogram.TryRead(reader.Take(length)) && _histogram.CheckColumns()) || Fault.Within("histograms", index);
    }

    private bool TryScanAggregates(WireReader body)
    {
        Span<ColumnChunks> columns = stackalloc ColumnChunks[AggregateFields.Length];
        WireReader reader = body;
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return Fault.At("", reader.Fault);
            }
            uint field = tag >> 3;
            uint wireType = tag & 7;
            bool isColumn = field is >= 1 and <= 6 && (wireType == WireReader.Bytes || wireType == (field == 6 ? WireReader.Varint : WireReader.Fixed64));
            bool read = !isColumn ? Fault.Unknown(ref reader, tag, AggregateFields)
                : field == 6 ? TryScanVarints(ref reader, tag, ref columns[5])
                : TryScanChunk(ref reader, tag, AggregateFields[(int)field - 1], ref columns[(int)field - 1]);
            if (!read)
            {
                return false;
            }
        }
        int rows = columns[0].Count;
        for (int i = 1; i < columns.Length; i++)
        {
            if (columns[i].Count != rows)
            {
                return Fault.At(AggregateFields[i], $"are {columns[i].Count}, timestamps_ns {rows}; columns of equal length are expected");
            }
        }
        AddAggregateRun(body, rows);
        return true;
    }

    /// <summary>All six columns go to the tape: aggregates are the exception, of an agent whose buffer was full.</summary>
    private void AddAggregateRun(WireReader body, int rows)
    {
        int count = Admit(rows);
        if (count == 0)
        {
            return;
        }
        int start = Tape.WordCount;
        for (int i = 0; i < AggregateFields.Length; i++)
        {
            Span<ulong> column = Tape.AddWords(count, out _);
            Gather(body, (uint)i + 1, isVarint: i == 5, column);
        }
        ref MetricRun run = ref Tape.AddRun();
        run.Form = RunForm.Aggregates;
        run.Count = count;
        run.Values = new Column(start, count, OnTape: true);
    }

    /// <summary>How many of so many samples the limit leaves room for; counts them all.</summary>
    private int Admit(int count)
    {
        int admitted = (int)Math.Min(count, RoomForSamples);
        SampleCount += count;
        OverLimitCount += count - admitted;
        return admitted;
    }

    private bool TryScanChunk(ref WireReader reader, uint tag, string field, ref ColumnChunks chunks)
    {
        int length = sizeof(ulong);
        if ((tag & 7) == WireReader.Bytes && !reader.TryReadLength(out length))
        {
            return Fault.At(field, reader.Fault);
        }
        if (length % sizeof(ulong) != 0)
        {
            return Fault.At(field, $"have {length} bytes, which is no multiple of 8");
        }
        if (length > reader.Remaining)
        {
            return Fault.At(field, "are cut off by the message's end");
        }
        if (length > 0)
        {
            chunks.Add(reader.At, length / sizeof(ulong));
        }
        reader.Take(length);
        return true;
    }

    private bool TryScanVarints(ref WireReader reader, uint tag, ref ColumnChunks chunks)
    {
        if ((tag & 7) == WireReader.Varint)
        {
            chunks.Add(reader.At, 1);
            return reader.TryReadVarint(out _) || Fault.At("count", reader.Fault);
        }
        if (!reader.TryReadLength(out int length))
        {
            return Fault.At("count", reader.Fault);
        }
        WireReader packed = reader.Take(length);
        while (!packed.AtEnd)
        {
            chunks.Add(packed.At, 1);
            if (!packed.TryReadVarint(out _))
            {
                return Fault.At("count", packed.Fault);
            }
        }
        return true;
    }

    /// <summary>The column where it lies; if it came in several pieces, put together on the tape.</summary>
    private Column TakeColumn(WireReader body, uint field, in ColumnChunks chunks)
    {
        if (chunks.IsWhole)
        {
            return chunks.InMessage;
        }
        Span<ulong> column = Tape.AddWords(chunks.Count, out int at);
        Gather(body, field, isVarint: false, column);
        return new Column(at, chunks.Count, OnTape: true);
    }

    /// <summary>Walks a body that is known to be well-formed and takes one field's values until the column is full.</summary>
    private static void Gather(WireReader body, uint field, bool isVarint, Span<ulong> column)
    {
        int count = 0;
        while (count < column.Length)
        {
            Require(body.TryReadTag(out uint tag));
            if (tag >> 3 != field)
            {
                Require(body.TrySkip(tag));
                continue;
            }
            int length = 0;
            bool packed = (tag & 7) == WireReader.Bytes;
            Require(!packed || body.TryReadLength(out length));
            int end = packed ? body.At + length : body.At + 1;
            while (body.At < end && count < column.Length)
            {
                Require(isVarint ? body.TryReadVarint(out column[count]) : body.TryReadFixed64(out column[count]));
                count++;
            }
        }
    }

    private static void Require(bool condition)
    {
        if (!condition)
        {
            throw new UnreachableException("BUG: a body that passed the structural pass cannot be read again.");
        }
    }
}
