using System.Globalization;
using System.Text;
using Prometheus;

namespace Observability.Aggregator.Export;

/// <summary>Makes any text a name that Prometheus takes, and any label set one that parses.</summary>
internal static class MetricNames
{
    public const string TotalSuffix = "_total";
    public const string CreatedSuffix = "_created";

    private static readonly string[] BaseUnits = ["seconds", "bytes", "ratio", "celsius", "meters", "volts", "amperes", "joules", "grams"];

    /// <summary>Letters, digits and underscores; another character becomes an underscore. Colons belong to recording rules.</summary>
    public static string Metric(string name) => Sanitize(name);

    /// <summary>As for metrics; two underscores in front are Prometheus' own.</summary>
    public static string Label(string name)
    {
        string sanitized = Sanitize(name);
        return sanitized.StartsWith("__", StringComparison.Ordinal) ? "label_" + sanitized : sanitized;
    }

    /// <summary>Eight digits that tell names apart which are equal once sanitised; the same for a name wherever and whenever it is met.</summary>
    public static string Mark(string name)
    {
        uint hash = 2166136261;
        foreach (byte one in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ one) * 16777619;
        }
        return hash.ToString("x8", CultureInfo.InvariantCulture);
    }

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
                // Prometheus takes it for the end of the text.
                '\0' => text.Append('\uFFFD'),
                _ => text.Append(character),
            };
        }
        text.Append('"');
    }

    /// <summary>For HELP lines. OpenMetrics escapes quotes there too.</summary>
    public static string EscapeHelp(string help, ExpositionFormat format)
    {
        string escaped = help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace('\0', '\uFFFD');
        return format == ExpositionFormat.OpenMetricsText ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    /// <summary>A number as the value of le or quantile: OpenMetrics wants 1.0 where it means 1, and both texts are to name the same series.</summary>
    public static string LabelNumber(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
        }
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAny('.', 'E') ? text.Replace('E', 'e') : text + ".0";
    }

    /// <summary>What UNIT may say: OpenMetrics allows only a unit that the name ends in. Empty where it ends in none.</summary>
    public static string UnitOf(string family) => BaseUnits.FirstOrDefault(unit => family.EndsWith("_" + unit, StringComparison.Ordinal)) ?? "";

    public static string WithoutTotal(string name) =>
        name.EndsWith(TotalSuffix, StringComparison.Ordinal) && name.Length > TotalSuffix.Length ? name[..^TotalSuffix.Length] : name;

    private static string Sanitize(string name)
    {
        var text = new StringBuilder(name.Length + 1);
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
        {
            text.Append('_');
        }
        foreach (char character in name)
        {
            text.Append(char.IsAsciiLetterOrDigit(character) || character == '_' ? character : '_');
        }
        return text.ToString();
    }
}
