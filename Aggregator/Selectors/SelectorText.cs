using System.Text;

namespace Observability.Aggregator.Selectors;

/// <summary>How names and values are written in a selector.</summary>
internal static class SelectorText
{
    public static bool IsMetricNameStart(char c) => char.IsAsciiLetter(c) || c is '_' or ':';

    public static bool IsMetricNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or ':';

    public static bool IsLabelNameStart(char c) => char.IsAsciiLetter(c) || c == '_';

    public static bool IsLabelNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    public static bool IsMetricName(string text) => text.Length > 0 && IsMetricNameStart(text[0]) && text.All(IsMetricNamePart);

    /// <summary>A label's name as it stands in a selector: quoted unless it is a plain identifier.</summary>
    public static string LabelName(string name) =>
        name.Length > 0 && IsLabelNameStart(name[0]) && name.All(IsLabelNamePart) ? name : Quote(name);

    public static string Quote(string value)
    {
        StringBuilder quoted = new(value.Length + 2);
        quoted.Append('"');
        foreach (char c in value)
        {
            _ = c switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append(@"\\"),
                '\n' => quoted.Append(@"\n"),
                '\r' => quoted.Append(@"\r"),
                '\t' => quoted.Append(@"\t"),
                < ' ' or '\x7F' => quoted.Append("\\x").Append(((int)c).ToString("x2", System.Globalization.CultureInfo.InvariantCulture)),
                _ => quoted.Append(c),
            };
        }
        return quoted.Append('"').ToString();
    }
}
