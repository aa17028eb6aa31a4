using System.Text;

namespace Observability.Aggregator.Export;

/// <summary>Makes any text a name that Prometheus takes, and any label set one that parses.</summary>
internal static class MetricNames
{
    /// <summary>Letters, digits, underscores and colons; another character becomes an underscore.</summary>
    public static string Metric(string name) => Sanitize(name, allowColon: true);

    public static string Label(string name) => Sanitize(name, allowColon: false);

    public static void AppendLabel(StringBuilder text, string name, string value)
    {
        text.Append(text.Length == 0 ? "" : ",").Append(name).Append("=\"");
        foreach (char character in value)
        {
            _ = character switch
            {
                '\\' => text.Append("\\\\"),
                '"' => text.Append("\\\""),
                '\n' => text.Append("\\n"),
                _ => text.Append(character),
            };
        }
        text.Append('"');
    }

    /// <summary>For HELP lines.</summary>
    public static string EscapeHelp(string help) => help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Sanitize(string name, bool allowColon)
    {
        var text = new StringBuilder(name.Length + 1);
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
        {
            text.Append('_');
        }
        foreach (char character in name)
        {
            text.Append(char.IsAsciiLetterOrDigit(character) || character == '_' || (allowColon && character == ':') ? character : '_');
        }
        return text.ToString();
    }
}
