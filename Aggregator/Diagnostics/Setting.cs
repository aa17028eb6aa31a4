using System.Globalization;

namespace Observability.Aggregator.Diagnostics;

/// <summary>Reads the flat settings (environment variables and their like) and refuses what is out of range by name.</summary>
internal static class Setting
{
    public static string Text(IConfiguration configuration, string name, string fallback)
    {
        string? value = configuration[name];
        return string.IsNullOrWhiteSpace(value) ? fallback : value.Trim();
    }

    public static int Integer(IConfiguration configuration, string name, int fallback, int min, int max, string meaning)
    {
        string? value = configuration[name];
        if (string.IsNullOrWhiteSpace(value))
        {
            return fallback;
        }
        if (int.TryParse(value.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= min && number <= max)
        {
            return number;
        }
        throw new SettingException(name, value, meaning);
    }

    /// <summary>A comma-separated list; empty entries are left out.</summary>
    public static string[] List(IConfiguration configuration, string name) =>
        (configuration[name] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
