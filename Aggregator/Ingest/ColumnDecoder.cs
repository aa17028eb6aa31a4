namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] The structural pass over columns: packed samples, packed aggregates and ticks. An eight-byte column stays in the message where it
/// lies in one chunk, which is what writers send; otherwise it is copied.
/// </summary>
internal sealed class ColumnDecoder(ScannedBatch batch, HistogramDecoder histogram, WireFault fault)
{
    public const uint PackedTag = (5 << 3) | WireReader.Bytes;
    public const uint AggregatesTag = (7 << 3) | WireReader.Bytes;

    private static readonly string[] PackedFields = ["timestamps_ns", "gauges", "counters", "histograms"];
    private static readonly string[] AggregateFields = ["timestamps_ns", "min", "max", "sum", "last", "count"];
    private static readonly string[] TickFields = ["timestamp_ns", "first_ref", "gauges", "counters"];

    /// <summary>Where the values of one repeated field lie: almost always in one packed chunk, legally in any number of chunks.</summary>
    private struct Chunks
    {
        private int _at;
        private int _count;

        public int Values { get; private set; }

        public void Add(int at, int values)
        {
            _at = at;
            _count++;
            Values += values;
        }

        /// <summary>An eight-byte column can be used where it lies.</summary>
        public readonly bool IsWhole => _count <= 1 && BitConverter.IsLittleEndian;

        public readonly Column InMessage => new(_at, Values, IsCopied: false);
    }

    private struct PackedColumns
    {
        public Chunks Timestamps;
        public Chunks Gauges;
        public Chunks Counters;
        public int Histograms;
    }

    public bool TryScanTick(WireReader body)
    {
        Chunks gauges = default;
        Chunks counters = default;
        ulong timestampNs = 0;
        ulong firstRef = 0;
        WireReader reader = body;
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return fault.At("", reader.Fault);
            }
            bool read = tag switch
            {
                (1 << 3) | WireReader.Fixed64 => reader.TryReadFixed64(out timestampNs) || fault.At("timestamp_ns", reader.Fault),
                (2 << 3) | WireReader.Varint => reader.TryReadVarint(out firstRef) || fault.At("first_ref", reader.Fault),
                (3 << 3) | WireReader.Bytes or (3 << 3) | WireReader.Fixed64 => TryScanChunk(ref reader, tag, "gauges", ref gauges),
                (4 << 3) | WireReader.Bytes or (4 << 3) | WireReader.Fixed64 => TryScanChunk(ref reader, tag, "counters", ref counters),
                _ => fault.Unknown(ref reader, tag, TickFields),
            };
            if (!read)
            {
                return false;
            }
        }
        if (gauges.Values > 0 && counters.Values > 0)
        {
            return fault.At("counters", "stand beside gauges; exactly one of the two is expected");
        }
        bool isCounter = counters.Values > 0;
        Chunks values = isCounter ? counters : gauges;
        int count = batch.Admit(values.Values);
        if (count > 0)
        {
            ref TickRun tick = ref batch.AddTick();
            tick.TimestampNs = timestampNs;
            tick.FirstRef = (uint)firstRef;
            tick.IsCounter = isCounter;
            tick.Values = values.IsWhole ? values.InMessage with { Count = count } : CopyColumn(body, isCounter ? 4u : 3u, count);
        }
        return true;
    }

    public bool TryScanPacked(ReadOnlySpan<byte> message, in FieldPieces pieces)
    {
        PackedColumns columns = default;
        PieceReader reader = pieces.Read(message, PackedTag);
        while (reader.TryNext(out WireReader piece))
        {
            if (!TryScanPackedPiece(piece, ref columns))
            {
                return false;
            }
        }
        (int gauges, int counters, int histograms) = (columns.Gauges.Values, columns.Counters.Values, columns.Histograms);
        if (((gauges > 0 ? 1 : 0) + (counters > 0 ? 1 : 0) + (histograms > 0 ? 1 : 0)) > 1)
        {
            return fault.At(histograms > 0 ? "histograms" : "counters", "stand beside another value column; exactly one is expected");
        }
        int values = gauges + counters + histograms;
        if (columns.Timestamps.Values != values)
        {
            return fault.At("timestamps_ns", $"are {columns.Timestamps.Values}, the values {values}; columns of equal length are expected");
        }
        int count = batch.Admit(values);
        if (count > 0)
        {
            AddPackedRun(message, pieces, columns, count);
        }
        return true;
    }

    private bool TryScanPackedPiece(WireReader reader, ref PackedColumns columns)
    {
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return fault.At("", reader.Fault);
            }
            bool read = tag switch
            {
                (1 << 3) | WireReader.Bytes or (1 << 3) | WireReader.Fixed64 => TryScanChunk(ref reader, tag, "timestamps_ns", ref columns.Timestamps),
                (2 << 3) | WireReader.Bytes or (2 << 3) | WireReader.Fixed64 => TryScanChunk(ref reader, tag, "gauges", ref columns.Gauges),
                (3 << 3) | WireReader.Bytes or (3 << 3) | WireReader.Fixed64 => TryScanChunk(ref reader, tag, "counters", ref columns.Counters),
                SampleDecoder.HistogramTag => TryScanPackedHistogram(ref reader, columns.Histograms++),
                _ => fault.Unknown(ref reader, tag, PackedFields),
            };
            if (!read)
            {
                return false;
            }
        }
        return true;
    }

    private bool TryScanPackedHistogram(ref WireReader reader, int index)
    {
        if (!reader.TryReadLength(out int length))
        {
            return fault.At($"histograms[{index}]", reader.Fault);
        }
        histogram.Clear();
        return (histogram.TryRead(reader.Take(length)) && histogram.CheckColumns()) || fault.Within("histograms", index);
    }

    private void AddPackedRun(ReadOnlySpan<byte> message, in FieldPieces pieces, in PackedColumns columns, int count)
    {
        Column times = TakeColumn(message, pieces, 1, columns.Timestamps, count);
        (RunForm form, Column values) = (columns.Gauges.Values, columns.Counters.Values) switch
        {
            ( > 0, _) => (RunForm.GaugeColumns, TakeColumn(message, pieces, 2, columns.Gauges, count)),
            (_, > 0) => (RunForm.CounterColumns, TakeColumn(message, pieces, 3, columns.Counters, count)),
            _ => (RunForm.HistogramPairs, AddHistogramPairs(message, pieces, times)),
        };
        ref MetricRun run = ref batch.AddRun();
        run.Form = form;
        run.Count = count;
        run.Timestamps = times;
        run.Values = values;
    }

    private Column AddHistogramPairs(ReadOnlySpan<byte> message, in FieldPieces pieces, Column times)
    {
        int at = batch.WordCount;
        int count = 0;
        PieceReader reader = pieces.Read(message, PackedTag);
        while (count < times.Count && reader.TryNext(out WireReader piece))
        {
            while (count < times.Count && !piece.AtEnd)
            {
                WireReader.Require(piece.TryReadTag(out uint tag));
                if (tag != SampleDecoder.HistogramTag)
                {
                    WireReader.Require(piece.TrySkip(tag));
                    continue;
                }
                FieldPieces one = default;
                WireReader.Require(one.TryAdd(ref piece, out _));
                batch.AddPair(batch.Values(message, times)[count++], one.Place);
            }
        }
        return new Column(at, count, IsCopied: true);
    }

    public bool TryScanAggregates(ReadOnlySpan<byte> message, in FieldPieces pieces)
    {
        Span<Chunks> columns = stackalloc Chunks[AggregateFields.Length];
        columns.Clear();
        PieceReader reader = pieces.Read(message, AggregatesTag);
        while (reader.TryNext(out WireReader piece))
        {
            if (!TryScanAggregatesPiece(piece, columns))
            {
                return false;
            }
        }
        int rows = columns[0].Values;
        for (int i = 1; i < columns.Length; i++)
        {
            if (columns[i].Values != rows)
            {
                return fault.At(AggregateFields[i], $"are {columns[i].Values}, timestamps_ns {rows}; columns of equal length are expected");
            }
        }
        AddAggregateRun(message, pieces, rows);
        return true;
    }

    private bool TryScanAggregatesPiece(WireReader reader, Span<Chunks> columns)
    {
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return fault.At("", reader.Fault);
            }
            uint field = tag >> 3;
            uint wireType = tag & 7;
            bool isColumn = field is >= 1 and <= 6 && (wireType == WireReader.Bytes || wireType == (field == 6 ? WireReader.Varint : WireReader.Fixed64));
            bool read = !isColumn ? fault.Unknown(ref reader, tag, AggregateFields)
                : field == 6 ? TryScanVarints(ref reader, tag, ref columns[5])
                : TryScanChunk(ref reader, tag, AggregateFields[(int)field - 1], ref columns[(int)field - 1]);
            if (!read)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Copies all six columns: aggregates are rare, an agent sends them when its buffer was full.</summary>
    private void AddAggregateRun(ReadOnlySpan<byte> message, in FieldPieces pieces, int rows)
    {
        int count = batch.Admit(rows);
        if (count == 0)
        {
            return;
        }
        int start = batch.WordCount;
        for (int i = 0; i < AggregateFields.Length; i++)
        {
            CopyColumn(message, pieces, AggregatesTag, (uint)i + 1, isVarint: i == 5, count);
        }
        ref MetricRun run = ref batch.AddRun();
        run.Form = RunForm.Aggregates;
        run.Count = count;
        run.Values = new Column(start, count, IsCopied: true);
    }

    private bool TryScanChunk(ref WireReader reader, uint tag, string field, ref Chunks chunks)
    {
        int length = sizeof(ulong);
        if ((tag & 7) == WireReader.Bytes && !reader.TryReadLength(out length))
        {
            return fault.At(field, reader.Fault);
        }
        if (length % sizeof(ulong) != 0)
        {
            return fault.At(field, $"have {length} bytes, which is no multiple of 8");
        }
        if (length > reader.Remaining)
        {
            return fault.At(field, "are cut off by the message's end");
        }
        if (length > 0)
        {
            chunks.Add(reader.At, length / sizeof(ulong));
        }
        reader.Take(length);
        return true;
    }

    private bool TryScanVarints(ref WireReader reader, uint tag, ref Chunks chunks)
    {
        if ((tag & 7) == WireReader.Varint)
        {
            chunks.Add(reader.At, 1);
            return reader.TryReadVarint(out _) || fault.At("count", reader.Fault);
        }
        if (!reader.TryReadLength(out int length))
        {
            return fault.At("count", reader.Fault);
        }
        WireReader packed = reader.Take(length);
        while (!packed.AtEnd)
        {
            chunks.Add(packed.At, 1);
            if (!packed.TryReadVarint(out _))
            {
                return fault.At("count", packed.Fault);
            }
        }
        return true;
    }

    private Column TakeColumn(ReadOnlySpan<byte> message, in FieldPieces pieces, uint field, in Chunks chunks, int count) => chunks.IsWhole
        ? chunks.InMessage with { Count = count }
        : CopyColumn(message, pieces, PackedTag, field, isVarint: false, count);

    private Column CopyColumn(ReadOnlySpan<byte> message, in FieldPieces pieces, uint tag, uint field, bool isVarint, int count)
    {
        Span<ulong> column = batch.AddWords(count, out int at);
        PieceReader reader = pieces.Read(message, tag);
        while (column.Length > 0 && reader.TryNext(out WireReader piece))
        {
            column = column[Copy(piece, field, isVarint, column)..];
        }
        return new Column(at, count, IsCopied: true);
    }

    private Column CopyColumn(WireReader body, uint field, int count)
    {
        Span<ulong> column = batch.AddWords(count, out int at);
        Copy(body, field, isVarint: false, column);
        return new Column(at, count, IsCopied: true);
    }

    /// <summary>Goes through a body that is known to be well-formed and copies one field's values until the column is full or the body ends.</summary>
    private static int Copy(WireReader body, uint field, bool isVarint, Span<ulong> column)
    {
        int count = 0;
        while (count < column.Length && !body.AtEnd)
        {
            WireReader.Require(body.TryReadTag(out uint tag));
            if (tag >> 3 != field)
            {
                WireReader.Require(body.TrySkip(tag));
                continue;
            }
            int length = 0;
            bool isPacked = (tag & 7) == WireReader.Bytes;
            WireReader.Require(!isPacked || body.TryReadLength(out length));
            int end = isPacked ? body.At + length : body.At + 1;
            while (body.At < end && count < column.Length)
            {
                WireReader.Require(isVarint ? body.TryReadVarint(out column[count]) : body.TryReadFixed64(out column[count]));
                count++;
            }
        }
        return count;
    }
}
