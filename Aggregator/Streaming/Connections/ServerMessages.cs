using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming.Connections;

/// <summary>The text messages of proto/frame.md, from the aggregator.</summary>
internal static class ServerMessages
{
    public static byte[] Hello(ulong sessionId, long serverNs, int? automaticSeriesMax) => Write("hello", json =>
    {
        json.WriteNumber("version", FrameLayout.Version);
        json.WriteString("session", Text(sessionId));
        json.WriteString("server_ns", Text(serverNs));
        json.WriteStartArray("rates");
        foreach (RateClass rate in RateClass.All)
        {
            json.WriteNumberValue(rate.Hz);
        }
        json.WriteEndArray();
        if (automaticSeriesMax is { } max)
        {
            json.WriteNumber("series_max", max);
        }
    });

    public static byte[] Dictionary(ReadOnlySpan<Series> series)
    {
        var bytes = new ArrayBufferWriter<byte>(256 * series.Length);
        using var json = new Utf8JsonWriter(bytes, SeriesJson.Options);
        json.WriteStartObject();
        json.WriteString("type", "series");
        json.WriteStartArray("series");
        foreach (Series one in series)
        {
            json.WriteStartObject();
            json.WriteNumber("id", one.Id);
            json.WriteNumber("source", one.Source.Id);
            SeriesJson.WriteIdentity(json, one);
            json.WriteString("kind", KindName(one.Kind));
            json.WriteString("unit", one.Unit);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    public static byte[] Subscribed(long id, RateClass rate, int seriesCount, long? fromNs, long tick) => Write("subscribed", json =>
    {
        json.WriteNumber("id", id);
        json.WriteNumber("rate", rate.Hz);
        json.WriteNumber("series", seriesCount);
        if (fromNs is { } from)
        {
            json.WriteString("from_ns", Text(from));
        }
        json.WriteNumber("tick", tick);
    });

    public static byte[] Gap(long? id, long fromTick, long toTick, string reason, long samples) => Write("gap", json =>
    {
        if (id is { } subscription)
        {
            json.WriteNumber("id", subscription);
        }
        json.WriteNumber("from_tick", fromTick);
        json.WriteNumber("to_tick", toTick);
        json.WriteString("reason", reason);
        json.WriteNumber("samples", samples);
    });

    public static byte[] Rate(long? id, RateClass rate, string reason) => Write("rate", json =>
    {
        if (id is { } subscription)
        {
            json.WriteNumber("id", subscription);
        }
        json.WriteNumber("rate", rate.Hz);
        json.WriteString("reason", reason);
    });

    public static byte[] Heartbeat(long tick, long serverNs) => Write("heartbeat", json =>
    {
        json.WriteNumber("tick", tick);
        json.WriteString("server_ns", Text(serverNs));
    });

    /// <summary>The client's own text of <c>t</c> comes back as it was sent.</summary>
    public static byte[] Pong(string rawT, long serverNs) => Write("pong", json =>
    {
        json.WritePropertyName("t");
        json.WriteRawValue(rawT);
        json.WriteString("server_ns", Text(serverNs));
    });

    public static byte[] Error(string message, long? id) => Write("error", json =>
    {
        json.WriteString("message", message);
        if (id is { } subscription)
        {
            json.WriteNumber("id", subscription);
        }
    });

    private static string KindName(SeriesKind kind) => kind switch
    {
        SeriesKind.Gauge => "gauge",
        SeriesKind.Counter => "counter",
        _ => "histogram",
    };

    private static byte[] Write(string type, Action<Utf8JsonWriter> writeFields)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(bytes, SeriesJson.Options);
        json.WriteStartObject();
        json.WriteString("type", type);
        writeFields(json);
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    private static string Text<T>(T number)
        where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);
}
