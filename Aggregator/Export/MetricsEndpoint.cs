using System.IO.Compression;
using Prometheus;

namespace Observability.Aggregator.Export;

/// <summary>GET /metrics on the metrics port.</summary>
internal static class MetricsEndpoint
{
    public const string Path = "/metrics";

    public static async Task ServeAsync(HttpContext context, Exporter exporter, ScrapeSlots slots)
    {
        ExpositionFormat format = FormatNegotiation.FormatOf(context.Request);
        bool gzip = FormatNegotiation.AcceptsGzip(context.Request);
        ScrapeSlots.Slot slot = await slots.TakeAsync(context.RequestAborted);
        try
        {
            // Written whole before it is sent, so that a slow scraper does not hold the exporter's lock.
            await exporter.WriteAsync(slot.Text, format, context.RequestAborted);
            ReadOnlyMemory<byte> body = gzip ? Compress(slot) : slot.Text.Written;
            context.Response.ContentType = FormatNegotiation.ContentTypeOf(format);
            context.Response.ContentLength = body.Length;
            context.Response.Headers.Vary = "Accept, Accept-Encoding";
            if (gzip)
            {
                context.Response.Headers.ContentEncoding = "gzip";
            }
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }
        finally
        {
            slots.Release(slot);
        }
    }

    private static ReadOnlyMemory<byte> Compress(ScrapeSlots.Slot slot)
    {
        using (var compressed = new GZipStream(slot.Compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            compressed.Write(slot.Text.Written.Span);
        }
        return slot.Compressed.GetBuffer().AsMemory(0, (int)slot.Compressed.Length);
    }
}
