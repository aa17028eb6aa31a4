using System.Text;
using System.Text.Unicode;

namespace Observability.Aggregator.Ingest;

/// <summary>The source that a stream's first message names. Read once in a stream's life, to find its shard before anything else.</summary>
internal static class BatchIdentity
{
    public static bool TryRead(ReadOnlySpan<byte> message, WireFault fault, out string service, out string instance)
    {
        service = instance = "";
        WireReader reader = new(message, 0, message.Length);
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return fault.At("", reader.Fault);
            }
            if (tag is not (BatchDecoder.ServiceTag or BatchDecoder.InstanceTag))
            {
                if (!reader.TrySkip(tag))
                {
                    return fault.At($"field {tag >> 3}", reader.Fault);
                }
                continue;
            }
            string field = tag == BatchDecoder.ServiceTag ? "service" : "instance";
            if (!reader.TryReadLength(out int length))
            {
                return fault.At(field, reader.Fault);
            }
            ReadOnlySpan<byte> text = message.Slice(reader.At, length);
            if (!Utf8.IsValid(text))
            {
                return fault.At(field, "is not valid UTF-8");
            }
            (service, instance) = tag == BatchDecoder.ServiceTag ? (Encoding.UTF8.GetString(text), instance) : (service, Encoding.UTF8.GetString(text));
            reader.Take(length);
        }
        return service.Length > 0 || fault.At("service", "is missing in the stream's first batch");
    }
}
