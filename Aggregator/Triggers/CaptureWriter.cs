using System.Text.Json;

namespace Observability.Aggregator.Triggers;

/// <summary>Writes what a firing kept, its series as in the answers of /api/samples.</summary>
internal static class CaptureWriter
{
    private const ulong ExactIntegerMax = 1UL << 53;

    public static async Task WriteAsync(Capture capture, JsonSerializerOptions options, Stream output, CancellationToken cancellationToken)
    {
        await using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WritePropertyName("firing");
        json.WriteRawValue(JsonSerializer.SerializeToUtf8Bytes(FiringReport.Of(capture.Firing), options), skipInputValidation: true);
        json.WriteString("from_ns", Texts.Of(capture.FromNs));
        json.WriteString("to_ns", Texts.Of(capture.ToNs));
        json.WriteNumber("series_left_out", capture.SeriesLeftOut);
        json.WriteStartArray("series");
        foreach (CapturedSeries series in capture.Series)
        {
            Write(json, series);
            await json.FlushAsync(cancellationToken);
        }
        json.WriteEndArray();
        json.WriteEndObject();
        await json.FlushAsync(cancellationToken);
    }

    private static void Write(Utf8JsonWriter json, CapturedSeries series)
    {
        json.WriteStartObject();
        json.WriteNumber("id", series.Identity.Id);
        json.WriteString("service", series.Identity.Service);
        json.WriteString("instance", series.Identity.Instance);
        json.WriteString("name", series.Identity.Name);
        json.WriteStartObject("labels");
        foreach ((string name, string value) in series.Identity.Labels)
        {
            json.WriteString(name, value);
        }
        json.WriteEndObject();
        json.WriteString("kind", series.Identity.Kind);
        json.WriteString("unit", series.Identity.Unit);
        json.WriteNumber("overwritten", series.Overwritten);
        json.WriteStartArray("timestamps_ns");
        foreach (long timestampNs in series.TimestampsNs)
        {
            json.WriteStringValue(Texts.Of(timestampNs));
        }
        json.WriteEndArray();
        if (series.Totals is { } totals)
        {
            WriteTotals(json, totals);
        }
        foreach ((string name, double[] values) in series.Columns)
        {
            WriteColumn(json, name, values);
        }
        json.WriteEndObject();
    }

    private static void WriteTotals(Utf8JsonWriter json, ulong[] totals)
    {
        json.WriteStartArray("values");
        foreach (ulong total in totals)
        {
            if (total > ExactIntegerMax)
            {
                json.WriteStringValue(total.ToString(System.Globalization.CultureInfo.InvariantCulture));
            }
            else
            {
                json.WriteNumberValue(total);
            }
        }
        json.WriteEndArray();
    }

    private static void WriteColumn(Utf8JsonWriter json, string name, double[] values)
    {
        json.WriteStartArray(name);
        foreach (double value in values)
        {
            if (double.IsFinite(value))
            {
                json.WriteNumberValue(value);
            }
            else
            {
                json.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
            }
        }
        json.WriteEndArray();
    }
}
