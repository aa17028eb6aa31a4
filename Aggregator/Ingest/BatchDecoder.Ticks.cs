using System.Runtime.InteropServices;

namespace Observability.Aggregator.Ingest;

internal sealed partial class BatchDecoder
{
    private static readonly string[] TickFields = ["timestamp_ns", "first_ref", "gauges", "counters"];

    /// <summary>The values of a column.</summary>
    public ReadOnlySpan<ulong> Values(Column column) => column.OnTape
        ? Tape.Words(column.At, column.Count)
        : MemoryMarshal.Cast<byte, ulong>(Message.Slice(column.At, column.Count * sizeof(ulong)));

    private bool TryScanTick(WireReader body, int index)
    {
        ColumnChunks gauges = default;
        ColumnChunks counters = default;
        ulong timestampNs = 0;
        ulong firstRef = 0;
        WireReader reader = body;
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return Fault.At("", reader.Fault);
            }
            bool read = tag switch
            {
                (1 << 3) | WireReader.Fixed64 => reader.TryReadFixed64(out timestampNs) || Fault.At("timestamp_ns", reader.Fault),
                (2 << 3) | WireReader.Varint => reader.TryReadVarint(out firstRef) || Fault.At("first_ref", reader.Fault),
                (3 << 3) | WireReader.Bytes or (3 << 3) | WireReader.Fixed64 => TryScanChunk(ref reader, tag, "gauges", ref gauges),
                (4 << 3) | WireReader.Bytes or (4 << 3) | WireReader.Fixed64 => TryScanChunk(ref reader, tag, "counters", ref counters),
                _ => Fault.Unknown(ref reader, tag, TickFields),
            };
            if (!read)
            {
                return false;
            }
        }
        if (gauges.Count > 0 && counters.Count > 0)
        {
            return Fault.At("counters", "stand beside gauges; exactly one of the two is expected");
        }
        bool isCounter = counters.Count > 0;
        ColumnChunks values = isCounter ? counters : gauges;
        int count = Admit(values.Count);
        if (count > 0)
        {
            ref TickRun tick = ref Tape.AddTick();
            tick.TimestampNs = timestampNs;
            tick.FirstRef = (uint)firstRef;
            tick.IsCounter = isCounter;
            tick.Values = TakeColumn(body, isCounter ? 4u : 3u, values) with { Count = count };
        }
        return true;
    }
}
