namespace Observability.Agent.Transport;

/// <summary>
/// Reads AGGREGATOR_ADDR: host:port, a URL, or several of them with commas between. An agent streams to one of them; the others are there to
/// fail over to, in order.
/// </summary>
internal static class AggregatorAddresses
{
    public const int AddressesMax = 16;
    public const string Allowed = "host:port, http://host:port or https://host:port, or up to 16 of these with commas between";

    private const int PortDefault = 9000;

    public static bool TryParse(string text, out Uri[] addresses)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        addresses = new Uri[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!TryParseOne(parts[i], out Uri? address))
            {
                return false;
            }
            addresses[i] = address;
        }
        return parts.Length is > 0 and <= AddressesMax;
    }

    private static bool TryParseOne(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Uri? address)
    {
        bool hasScheme = text.Contains("://", StringComparison.Ordinal);
        if (!Uri.TryCreate(hasScheme ? text : "http://" + text, UriKind.Absolute, out address)
            || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
            || address.Host.Length == 0 || address.PathAndQuery != "/" || address.UserInfo.Length != 0 || address.Fragment.Length != 0)
        {
            address = null;
            return false;
        }
        bool hasPort = text.TrimEnd('/').EndsWith($":{address.Port}", StringComparison.Ordinal);
        if (!hasPort && !hasScheme)
        {
            address = new UriBuilder(address) { Port = PortDefault }.Uri;
        }
        return address.Port > 0;
    }
}
