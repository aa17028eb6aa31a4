namespace Observability.Aggregator.Diagnostics;

/// <summary>GRAFANA_URL: where people reach Grafana. The page learns it from /api/status and offers it as a link.</summary>
internal sealed class LinkOptions
{
    private const string GrafanaName = "GRAFANA_URL";

    /// <summary>Without a slash at its end; null when there is none to link to.</summary>
    [ConfigurationKeyName(GrafanaName)] public string? Grafana { get; set; }

    public void Normalize()
    {
        string text = Grafana?.Trim() ?? "";
        if (text.Length == 0)
        {
            Grafana = null;
            return;
        }
        // Everyone who may open the page sees the address: a password has no place in it, nor in the line that refuses it.
        bool hasPassword = text.Contains('@', StringComparison.Ordinal);
        bool isAddress = Uri.TryCreate(text, UriKind.Absolute, out Uri? address)
            && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps)
            && address is { Host.Length: > 0, Query: "", Fragment: "" };
        Grafana = isAddress && !hasPassword
            ? address!.AbsoluteUri.TrimEnd('/')
            : throw new RefusedSettingException(
                GrafanaName, hasPassword ? "***" : text,
                "empty, or an absolute http:// or https:// address without user, query or fragment, such as https://grafana.example.com");
    }
}
