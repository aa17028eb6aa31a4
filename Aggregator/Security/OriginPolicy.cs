namespace Observability.Aggregator.Security;

/// <summary>
/// Which web pages may read from here. Programs send no Origin and are judged by their token alone; a browser always sends one, and a page
/// of another origin must be listed, since a browser would otherwise lend any page its access to this machine's ports.
/// </summary>
internal sealed class OriginPolicy(SecurityOptions options)
{
    public bool Allows(HttpRequest request)
    {
        string? presented = request.Headers.Origin;
        if (string.IsNullOrEmpty(presented))
        {
            return true;
        }
        string? origin = Normalize(presented);
        return options.AllowedOrigins.Contains("*")
            || (origin is not null && (origin == Normalize($"{request.Scheme}://{request.Host}") || options.AllowedOrigins.Contains(origin)));
    }

    /// <summary>scheme://host:port in lower case with the port always written, or null when the text is no origin.</summary>
    public static string? Normalize(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri)
        && uri.Scheme is ("http" or "https")
        && uri.PathAndQuery == "/" && uri.UserInfo.Length == 0 && uri.Fragment.Length == 0
            ? $"{uri.Scheme}://{uri.Host.ToLowerInvariant()}:{uri.Port}"
            : null;
}
