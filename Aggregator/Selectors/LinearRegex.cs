using System.Text.RegularExpressions;

namespace Observability.Aggregator.Selectors;

/// <summary>
/// Regular expressions that match in time linear in the text, whatever the expression: .NET's non-backtracking engine, anchored at
/// both ends, where a dot matches a line break too (as in Prometheus). README.md lists where this differs from RE2.
/// </summary>
internal static class LinearRegex
{
    public static bool TryCompile(string pattern, out Regex? regex, out string error)
    {
        regex = null;
        if (pattern.Length > SelectorLimits.RegexLengthMax)
        {
            error = $"the regular expression has {pattern.Length} characters, {SelectorLimits.RegexLengthMax} are allowed";
            return false;
        }
        if (HasPosixClass(pattern))
        {
            error = "a class such as [[:alpha:]] is not known here: write [a-zA-Z]";
            return false;
        }
        try
        {
            // Compiled alone first, so that "a)(b" is refused instead of being closed by our own parentheses.
            _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            regex = new Regex(
                $@"\A(?:{pattern})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline);
            error = "";
            return true;
        }
        catch (RegexParseException exception)
        {
            error = $"the regular expression is wrong at its character {exception.Offset}: {exception.Error}";
            return false;
        }
        catch (NotSupportedException)
        {
            error = "the regular expression cannot be matched in linear time: no lookaround, backreference or atomic group, and no huge repetition";
            return false;
        }
    }

    /// <summary>.NET reads [[:alpha:]] as a class of "[:alph" and a "]": silently something else than RE2.</summary>
    private static bool HasPosixClass(string pattern)
    {
        for (int i = 0; i + 1 < pattern.Length; i++)
        {
            if (pattern[i] == '\\')
            {
                i++;
            }
            else if (pattern[i] == '[' && pattern[i + 1] == '[' && i + 2 < pattern.Length && pattern[i + 2] is ':' or '=' or '.')
            {
                return pattern.IndexOf(":]", i, StringComparison.Ordinal) >= 0;
            }
        }
        return false;
    }
}
