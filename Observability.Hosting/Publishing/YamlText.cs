using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Aspire.Hosting.Publishing;

/// <summary>An object as YAML: properties in the order they are declared in, with_names_like_this; what is not set or empty is left out.</summary>
internal static class YamlText
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutEmpty } },
    };

    public static string Write(object value)
    {
        var text = new StringBuilder();
        Append(text, JsonSerializer.SerializeToNode(value, Format)!, "");
        return text.ToString();
    }

    private static void LeaveOutEmpty(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties.Where(property => property.PropertyType.IsAssignableTo(typeof(ICollection))))
        {
            property.ShouldSerialize = (_, value) => value is ICollection { Count: > 0 };
        }
    }

    private static void Append(StringBuilder text, JsonNode node, string indent)
    {
        if (node is JsonObject mapping)
        {
            foreach ((string key, JsonNode? value) in mapping)
            {
                text.Append(indent).Append(key).Append(':');
                AppendValue(text, value!, indent);
            }
            return;
        }
        foreach (JsonNode? item in (JsonArray)node)
        {
            if (item is JsonObject)
            {
                int start = text.Length;
                Append(text, item, indent + "  ");
                text[start + indent.Length] = '-';
            }
            else
            {
                text.Append(indent).Append('-');
                AppendValue(text, item!, indent);
            }
        }
    }

    private static void AppendValue(StringBuilder text, JsonNode value, string indent)
    {
        if (value is JsonValue)
        {
            // A JSON scalar is a YAML scalar.
            text.Append(' ').Append(value.ToJsonString(Format)).Append('\n');
            return;
        }
        text.Append('\n');
        Append(text, value, indent + "  ");
    }
}
