using Microsoft.AspNetCore.Http.Headers;
using Microsoft.Net.Http.Headers;
using Prometheus;

namespace Observability.Aggregator.Export;

/// <summary>Which format a scrape gets: OpenMetrics only where it is named, otherwise the text format.</summary>
internal static class FormatNegotiation
{
    private const string OpenMetricsType = "application/openmetrics-text";

    public static ExpositionFormat FormatOf(HttpRequest request)
    {
        double openMetrics = 0;
        double text = 0;
        foreach (MediaTypeHeaderValue range in new RequestHeaders(request.Headers).Accept)
        {
            double quality = range.Quality ?? 1;
            if (range.MediaType.Equals(OpenMetricsType, StringComparison.OrdinalIgnoreCase) && VersionOf(range) is "" or "1.0.0")
            {
                openMetrics = double.Max(openMetrics, quality);
            }
            else if (range.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase) || range.MatchesAllSubTypes)
            {
                text = double.Max(text, quality);
            }
        }
        return openMetrics > 0 && openMetrics >= text ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText;
    }

    public static bool AcceptsGzip(HttpRequest request) => new RequestHeaders(request.Headers).AcceptEncoding
        .Any(encoding => encoding.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase) && encoding.Quality is null or > 0);

    public static string ContentTypeOf(ExpositionFormat format) => format == ExpositionFormat.OpenMetricsText
        ? OpenMetricsType + "; version=1.0.0; charset=utf-8"
        : "text/plain; version=0.0.4; charset=utf-8";

    private static string VersionOf(MediaTypeHeaderValue range) =>
        range.Parameters.FirstOrDefault(one => one.Name.Equals("version", StringComparison.OrdinalIgnoreCase))?.GetUnescapedValue().Value ?? "";
}
