using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Security;

/// <summary>TELEMETRY_API_KEYS (who may send), VIEW_TOKENS (who may read) and ALLOWED_ORIGINS (which pages may connect).</summary>
internal sealed class SecurityOptions
{
    public const string ApiKeysName = "TELEMETRY_API_KEYS";
    public const string ViewTokensName = "VIEW_TOKENS";
    public const string AllowedOriginsName = "ALLOWED_ORIGINS";

    [ConfigurationKeyName(ApiKeysName)] public string? ApiKeysText { get; init; }

    [ConfigurationKeyName(ViewTokensName)] public string? ViewTokensText { get; init; }

    [ConfigurationKeyName(AllowedOriginsName)] public string? AllowedOriginsText { get; init; }

    public KeySet IngestKeys { get; private set; } = new([]);

    public KeySet ViewTokens { get; private set; } = new([]);

    /// <summary>Origins other than the server's own, as scheme://host[:port]; a single * stands for all.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; private set; } = [];

    public void Parse()
    {
        IngestKeys = new KeySet(Keys(ApiKeysName, ApiKeysText));
        ViewTokens = new KeySet(Keys(ViewTokensName, ViewTokensText));
        AllowedOrigins = Origins(List(AllowedOriginsText));
    }

    private static string[] Keys(string name, string? text)
    {
        string[] keys = List(text);
        if (keys.Any(key => key.Length > KeySet.KeyBytesMax || key.Any(character => character is < '!' or > '~')))
        {
            // The value is a secret: the line names the setting only.
            throw new RefusedSettingException(name, "***", $"a comma-separated list of printable ASCII keys of at most {KeySet.KeyBytesMax} characters");
        }
        return keys;
    }

    private static string[] Origins(string[] origins)
    {
        foreach (string origin in origins)
        {
            if (origin != "*" && OriginPolicy.Normalize(origin) is null)
            {
                throw new RefusedSettingException(AllowedOriginsName, origin, "a comma-separated list of http(s)://host[:port], or *");
            }
        }
        return [.. origins.Select(origin => OriginPolicy.Normalize(origin) ?? origin)];
    }

    private static string[] List(string? text) => (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
