using System.IO.Compression;
using System.Text;

namespace Observability.Aggregator.Export;

/// <summary>GET /metrics on the metrics port.</summary>
internal static class MetricsEndpoint
{
    public const string Path = "/metrics";

    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static async Task ServeAsync(HttpContext context, Exporter exporter)
    {
        // Written whole before it is sent, so that a slow scraper does not hold the exporter's lock.
        using var bytes = new MemoryStream();
        bool gzip = context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        if (gzip)
        {
            using var compressed = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true);
            Write(exporter, compressed);
        }
        else
        {
            Write(exporter, bytes);
        }
        context.Response.ContentType = ContentType;
        context.Response.ContentLength = bytes.Length;
        context.Response.Headers.Vary = "Accept-Encoding";
        if (gzip)
        {
            context.Response.Headers.ContentEncoding = "gzip";
        }
        await context.Response.Body.WriteAsync(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), context.RequestAborted);
    }

    private static void Write(Exporter exporter, Stream target)
    {
        using var text = new StreamWriter(target, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
        exporter.Write(text);
    }
}
