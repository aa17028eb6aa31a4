using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Listening;

/// <summary>
/// Which ports speak TLS: GRPC_TLS_CERTIFICATE, WS_TLS_CERTIFICATE, METRICS_TLS_CERTIFICATE, each with _KEY and _PASSWORD. A port with a
/// certificate speaks TLS and nothing else, one without speaks clear text and nothing else.
/// </summary>
internal sealed class TlsSettings : IPlatformFamilies
{
    private readonly TlsCertificate?[] _certificates;

    private TlsSettings(TlsCertificate?[] certificates) => _certificates = certificates;

    public static TlsSettings Read(IConfiguration configuration) => Read(configuration, DateTimeOffset.UtcNow);

    public static TlsSettings Read(IConfiguration configuration, DateTimeOffset now) =>
        new([.. Enum.GetValues<Listener>().Select(listener => TlsCertificate.Read(configuration, TlsNames.Of(listener), now))]);

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
