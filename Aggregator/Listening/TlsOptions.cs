using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Listening;

/// <summary>
/// Which ports speak TLS: GRPC_TLS_CERTIFICATE, WS_TLS_CERTIFICATE, METRICS_TLS_CERTIFICATE, each with _KEY and _PASSWORD. A port with a
/// certificate speaks TLS and nothing else, one without speaks clear text and nothing else.
/// </summary>
internal sealed class TlsOptions : IPlatformFamilies
{
    private TlsCertificate?[] _certificates = [];

    [ConfigurationKeyName("GRPC_TLS_CERTIFICATE")] public string? GrpcCertificate { get; init; }

    [ConfigurationKeyName("GRPC_TLS_KEY")] public string? GrpcKey { get; init; }

    [ConfigurationKeyName("GRPC_TLS_PASSWORD")] public string? GrpcPassword { get; init; }

    [ConfigurationKeyName("WS_TLS_CERTIFICATE")] public string? WebCertificate { get; init; }

    [ConfigurationKeyName("WS_TLS_KEY")] public string? WebKey { get; init; }

    [ConfigurationKeyName("WS_TLS_PASSWORD")] public string? WebPassword { get; init; }

    [ConfigurationKeyName("METRICS_TLS_CERTIFICATE")] public string? MetricsCertificate { get; init; }

    [ConfigurationKeyName("METRICS_TLS_KEY")] public string? MetricsKey { get; init; }

    [ConfigurationKeyName("METRICS_TLS_PASSWORD")] public string? MetricsPassword { get; init; }

    /// <summary>Reads the files.</summary>
    public void Load(DateTimeOffset now) => _certificates =
    [
        TlsCertificate.Read(new TlsFiles("GRPC", GrpcCertificate, GrpcKey, GrpcPassword), now),
        TlsCertificate.Read(new TlsFiles("WS", WebCertificate, WebKey, WebPassword), now),
        TlsCertificate.Read(new TlsFiles("METRICS", MetricsCertificate, MetricsKey, MetricsPassword), now),
    ];

    public TlsCertificate? Of(Listener listener) => _certificates[(int)listener];

    public string SchemeOf(Listener listener) => Of(listener) is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;

    public void AddTo(PlatformMetrics metrics) => metrics.Gauge(
        "telemetry_tls_certificate_expiry_timestamp_seconds",
        "When the certificate of a port ends, in seconds since the Unix epoch; only of ports that speak TLS.", ["port"], ExpiriesByPort);

    public IEnumerable<(string[] Port, double Seconds)> ExpiriesByPort() => Enum.GetValues<Listener>()
        .Where(listener => Of(listener) is not null)
        .Select(listener => (
            new[] { $"{listener}".ToLowerInvariant() }, (Of(listener)!.Leaf.NotAfter.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds));
}
