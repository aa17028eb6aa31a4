using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Security;

/// <summary>TELEMETRY_API_KEYS (who may send), VIEW_TOKENS (who may read) and ALLOWED_ORIGINS (which pages may connect).</summary>
internal sealed class SecuritySettings
{
    public const string ApiKeysName = "TELEMETRY_API_KEYS";
    public const string ViewTokensName = "VIEW_TOKENS";
    public const string AllowedOriginsName = "ALLOWED_ORIGINS";

    private SecuritySettings(string[] apiKeys, string[] viewTokens, string[] allowedOrigins)
    {
        IngestKeys = new KeySet(apiKeys);
        ViewTokens = new KeySet(viewTokens);
        AllowedOrigins = allowedOrigins;
    }

    public KeySet IngestKeys { get; }

    public KeySet ViewTokens { get; }

    /// <summary>Origins other than the server's own, as scheme://host[:port]; a single * stands for all.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; }

    public static SecuritySettings Read(IConfiguration configuration) => new(
        ReadKeys(configuration, ApiKeysName), ReadKeys(configuration, ViewTokensName), ReadOrigins(configuration));

    private static string[] ReadKeys(IConfiguration configuration, string name)
    {
        string[] keys = Setting.List(configuration, name);
        if (keys.Any(key => key.Length > KeySet.KeyBytesMax || key.Any(character => character is < '!' or > '~')))
        {
            // The value is a secret: the line names the setting only.
            throw new SettingException(name, "***", $"a comma-separated list of printable ASCII keys of at most {KeySet.KeyBytesMax} characters");
        }
        return keys;
    }

    private static string[] ReadOrigins(IConfiguration configuration)
    {
        string[] origins = Setting.List(configuration, AllowedOriginsName);
        foreach (string origin in origins)
        {
            if (origin != "*" && OriginPolicy.Normalize(origin) is null)
            {
                throw new SettingException(AllowedOriginsName, origin, "a comma-separated list of http(s)://host[:port], or *");
            }
        }
        return [.. origins.Select(origin => OriginPolicy.Normalize(origin) ?? origin)];
    }
}
