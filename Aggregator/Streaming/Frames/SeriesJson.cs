using System.Text.Encodings.Web;
using System.Text.Json;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>How a series is named in JSON, in samples and in the dictionary alike.</summary>
internal static class SeriesJson
{
    /// <summary>Texts go to programs, never into a page's markup: only what JSON itself needs is escaped.</summary>
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void WriteIdentity(Utf8JsonWriter json, Series series)
    {
        json.WriteString("service", series.Source.Service);
        json.WriteString("instance", series.Source.Instance);
        json.WriteString("name", series.Name);
        json.WriteStartObject("labels");
        foreach (Label label in series.Labels.AsSpan())
        {
            json.WriteString(label.Name, label.Value);
        }
        json.WriteEndObject();
    }
}
