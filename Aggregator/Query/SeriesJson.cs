using System.Text.Json;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Query;

/// <summary>How a series is named in the HTTP API's answers.</summary>
internal static class SeriesJson
{
    public static string KindName(SeriesKind kind) => kind switch
    {
        SeriesKind.Gauge => "gauge",
        SeriesKind.Counter => "counter",
        _ => "histogram",
    };

    public static void WriteIdentity(Utf8JsonWriter json, Series series)
    {
        json.WriteNumber("id", series.Id);
        json.WriteString("service", series.Source.Service);
        json.WriteString("instance", series.Source.Instance);
        json.WriteString("name", series.Name);
        json.WriteStartObject("labels");
        foreach (Label label in series.Labels.AsSpan())
        {
            json.WriteString(label.Name, label.Value);
        }
        json.WriteEndObject();
        json.WriteString("kind", KindName(series.Kind));
        json.WriteString("unit", series.Unit);
    }
}
