using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace Observability.Aggregator.Streaming.Connections;

/// <summary>One message from a client, read but not judged.</summary>
internal sealed record ClientMessage(
    string Type, long? Id, string? Selector, int? Rate, long? BackfillMs, long? FromNs, long? Tick, string RawT)
{
    /// <summary>False with one sentence for the client.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> text, out ClientMessage? message, out string error)
    {
        message = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                error = "Cannot read the message: it is no JSON object.";
                return false;
            }
            return TryRead(document.RootElement, out message, out error);
        }
        catch (JsonException exception)
        {
            error = $"Cannot read the message: it is no JSON ({exception.Message})";
            return false;
        }
    }

    private static bool TryRead(JsonElement root, out ClientMessage? message, out string error)
    {
        message = null;
        if (!root.TryGetProperty("type", out JsonElement type) || type.ValueKind != JsonValueKind.String)
        {
            error = "Cannot read the message: 'type' is missing. Send subscribe, unsubscribe, ack or ping.";
            return false;
        }
        string? selector = null;
        if (root.TryGetProperty("selector", out JsonElement selectorElement))
        {
            if (selectorElement.ValueKind != JsonValueKind.String)
            {
                error = "Cannot read the message: 'selector' is no string.";
                return false;
            }
            selector = selectorElement.GetString();
        }
        long?[] numbers = new long?[5];
        string[] names = ["id", "rate", "backfill_ms", "from_ns", "tick"];
        for (int index = 0; index < names.Length; index++)
        {
            if (!TryReadNumber(root, names[index], out numbers[index]))
            {
                error = $"Cannot read the message: '{names[index]}' is no whole number.";
                return false;
            }
        }
        error = "";
        int? rate = numbers[1] is { } hz ? (int)long.Clamp(hz, int.MinValue, int.MaxValue) : null;
        message = new ClientMessage(type.GetString()!, numbers[0], selector, rate, numbers[2], numbers[3], numbers[4], RawNumber(root, "t"));
        return true;
    }

    /// <summary>A number, or its decimal text for those beyond 2^53; absent is null.</summary>
    private static bool TryReadNumber(JsonElement root, string name, out long? number)
    {
        number = null;
        if (!root.TryGetProperty(name, out JsonElement element) || element.ValueKind == JsonValueKind.Null)
        {
            return true;
        }
        if (element.ValueKind == JsonValueKind.String
            && long.TryParse(element.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long parsed))
        {
            number = parsed;
            return true;
        }
        if (element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out long whole))
        {
            number = whole;
            return true;
        }
        // A tick or time that JavaScript computed may be written with an exponent or a fraction of zero.
        if (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double real) && real == Math.Floor(real) && Math.Abs(real) < 9e18)
        {
            number = (long)real;
            return true;
        }
        return false;
    }

    /// <summary>What comes back in a pong, as it was written; only a number does.</summary>
    private static string RawNumber(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement element) && element.ValueKind == JsonValueKind.Number ? element.GetRawText() : "null";
}

/// <summary>
/// The acknowledgement as most clients write it, <c>{"type":"ack","tick":123}</c>, read without a parser of JSON. Any other way to write it is
/// left to <see cref="ClientMessage"/>. [data plane] Any thread.
/// </summary>
internal static class ClientAck
{
    private static ReadOnlySpan<byte> Opening => "{\"type\":\"ack\",\"tick\":"u8;

    public static bool TryRead(ReadOnlySpan<byte> text, out long tick)
    {
        tick = 0;
        return text.StartsWith(Opening)
            && Utf8Parser.TryParse(text[Opening.Length..], out tick, out int digits)
            && text.Length == Opening.Length + digits + 1
            && text[^1] == (byte)'}'
            && text[Opening.Length] is >= (byte)'0' and <= (byte)'9';
    }
}
