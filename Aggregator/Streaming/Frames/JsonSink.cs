using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Observability.Aggregator.Histograms;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>
/// The JSON fallback: <c>"tick":N,"samples":[…]}</c>, before which each connection sends its own <see cref="Opening"/>, so that
/// these bytes are shared like a frame's. One thread.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The writer writes into memory of this object and holds nothing else.")]
internal sealed class JsonSink : ISampleSink
{
    private const long ExactIntegerMax = 1L << 53;

    private readonly ArrayBufferWriter<byte> _bytes = new(16 * 1024);
    private readonly Utf8JsonWriter _json;
    private readonly HistogramSum _histogram = new();
    private readonly ExplicitHistogramSum _explicitHistogram = new();
    private readonly List<byte[]?> _identities = [];
    private FrameHeader _header;
    private bool _hasSample;

    public JsonSink()
    {
        // Values are written as properties of objects that begin with a prepared identity, which the writer cannot check.
        _json = new Utf8JsonWriter(_bytes, new JsonWriterOptions { SkipValidation = true, Encoder = SeriesJson.Options.Encoder });
    }

    public long SampleCount { get; private set; }

    public long OverwrittenCount { get; private set; }

    public int FrameBytes => _bytes.WrittenCount;

    /// <summary>Null is the subscription that every JSON connection begins with; the others are named by their id.</summary>
    public static byte[] Opening(long? subscriptionId) => Encoding.UTF8.GetBytes(
        subscriptionId is { } id ? $"{{\"type\":\"samples\",\"id\":{id}," : "{\"type\":\"samples\",");

    public void Begin(in FrameHeader header)
    {
        _header = header;
        _bytes.ResetWrittenCount();
        SampleCount = 0;
        OverwrittenCount = 0;
        _hasSample = false;
        Write($"\"tick\":{header.Tick},");
        if ((header.Flags & FrameFlags.Backfill) != 0)
        {
            Write("\"backfill\":true,");
        }
        Write("\"samples\":[");
    }

    public void AddSamples(Series series, ReadOnlySpan<long> timestampsNs, ReadOnlySpan<long> bits)
    {
        for (int index = 0; index < timestampsNs.Length; index++)
        {
            Open(series, timestampsNs[index]);
            WriteValue("value"u8, series.Kind, bits[index]);
            Close();
        }
        SampleCount += timestampsNs.Length;
    }

    public void AddConflated(Series series, in ConflatedRow row)
    {
        Open(series, row.TimeNs);
        WriteNumber("value"u8, row.Last);
        WriteNumber("min"u8, row.Min);
        WriteNumber("max"u8, row.Max);
        WriteNumber("sum"u8, row.Sum);
        _json.WriteNumber("count"u8, row.Count);
        Close();
        SampleCount += row.Count;
    }

    public void AddHistogram(Series series, in FrameHistogram row)
    {
        _histogram.Clear();
        _histogram.Add(
            new HistogramRow
            {
                TimestampNs = row.TimeNs, Count = row.Count, Sum = row.Sum, Min = row.Min, Max = row.Max, Scale = row.Scale,
                ZeroCount = row.ZeroCount, PositiveOffset = row.PositiveOffset, NegativeOffset = row.NegativeOffset,
            },
            row.Positive,
            row.Negative);
        WriteHistogram(series, row.TimeNs, row.Count, row.Sum, _histogram.Quantile(0.5), _histogram.Quantile(0.95), _histogram.Quantile(0.99));
    }

    public void AddExplicitHistogram(Series series, in FrameExplicitHistogram row)
    {
        _explicitHistogram.Clear();
        _explicitHistogram.TryAdd(
            new HistogramRow { TimestampNs = row.TimeNs, Count = row.Count, Sum = row.Sum, Min = row.Min, Max = row.Max }, row.Bounds, row.Counts);
        WriteHistogram(
            series, row.TimeNs, row.Count, row.Sum,
            _explicitHistogram.Quantile(0.5), _explicitHistogram.Quantile(0.95), _explicitHistogram.Quantile(0.99));
    }

    public void AddStamp(Source source)
    {
        // The fallback carries no latency ledger.
    }

    public void AddOverwritten(long count) => OverwrittenCount += count;

    public PooledFrame Take(FramePool pool, FrameFlags flags)
    {
        Write((flags & FrameFlags.BackfillEnd) != 0 ? "],\"backfill_end\":true}" : "]}");
        PooledFrame frame = pool.Rent(_bytes.WrittenCount);
        _bytes.WrittenSpan.CopyTo(frame.Writable);
        frame.Tick = (_header.Flags & FrameFlags.Backfill) == 0 ? _header.Tick : 0;
        return frame;
    }

    private void WriteHistogram(Series series, long timeNs, ulong count, double sum, double p50, double p95, double p99)
    {
        Open(series, timeNs);
        WriteTotal("count"u8, count);
        WriteNumber("sum"u8, sum);
        WriteNumber("p50"u8, p50);
        WriteNumber("p95"u8, p95);
        WriteNumber("p99"u8, p99);
        Close();
        SampleCount++;
    }

    private void Open(Series series, long timestampNs)
    {
        Write(_hasSample ? "," : "");
        _hasSample = true;
        _bytes.Write(Identity(series));
        // The writer's own nesting starts anew for each sample: its depth never grows.
        _json.Reset();
        _json.WriteString("timestamp_ns"u8, timestampNs.ToString(CultureInfo.InvariantCulture));
    }

    private void Close()
    {
        _json.Flush();
        Write("}");
    }

    private void WriteValue(ReadOnlySpan<byte> name, SeriesKind kind, long bits)
    {
        if (kind == SeriesKind.Counter)
        {
            WriteTotal(name, (ulong)bits);
        }
        else
        {
            WriteNumber(name, BitConverter.Int64BitsToDouble(bits));
        }
    }

    private void WriteTotal(ReadOnlySpan<byte> name, ulong total)
    {
        if (total > ExactIntegerMax)
        {
            _json.WriteString(name, total.ToString(CultureInfo.InvariantCulture));
        }
        else
        {
            _json.WriteNumber(name, total);
        }
    }

    private void WriteNumber(ReadOnlySpan<byte> name, double value)
    {
        if (double.IsFinite(value))
        {
            _json.WriteNumber(name, value);
        }
        else
        {
            _json.WriteString(name, double.IsNaN(value) ? "NaN"u8 : value > 0 ? "+Inf"u8 : "-Inf"u8);
        }
    }

    /// <summary>The part of a sample that never changes, written once per series.</summary>
    private byte[] Identity(Series series)
    {
        int index = (int)series.Id;
        while (_identities.Count <= index)
        {
            _identities.Add(null);
        }
        return _identities[index] ??= WriteIdentity(series);
    }

    private static byte[] WriteIdentity(Series series)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, SeriesJson.Options))
        {
            json.WriteStartObject();
            SeriesJson.WriteIdentity(json, series);
            json.WriteEndObject();
        }
        // Without its closing brace, and ready for the next property.
        return [.. bytes.WrittenSpan[..^1], (byte)','];
    }

    private void Write(string text) => Encoding.UTF8.GetBytes(text, _bytes);
}
