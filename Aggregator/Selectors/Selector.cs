using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Selectors;

/// <summary>
/// Which series are meant: PromQL's series selector, e.g. latency_p99{service="checkout",route=~"/api/.*"}. Immutable; any thread.
/// Two selectors that ask the same in another order have the same text.
/// </summary>
internal sealed class Selector
{
    private readonly LabelMatcher[] _matchers;
    private readonly string _text;

    internal Selector(IEnumerable<LabelMatcher> matchers)
    {
        _matchers =
        [
            .. matchers
                .DistinctBy(matcher => (matcher.Label, matcher.Operator, matcher.Value))
                .OrderBy(matcher => matcher.Label != LabelMatcher.MetricName)
                .ThenBy(matcher => matcher.Label, StringComparer.Ordinal)
                .ThenBy(matcher => matcher.Operator)
                .ThenBy(matcher => matcher.Value, StringComparer.Ordinal),
        ];
        _text = Canonical(_matchers);
    }

    public IReadOnlyList<LabelMatcher> Matchers => _matchers;

    /// <summary>False with one sentence that says where the text is wrong and what was expected there.</summary>
    public static bool TryParse(string text, out Selector? selector, out string error) => SelectorParser.TryParse(text, out selector, out error);

    public bool Matches(Series series)
    {
        foreach (LabelMatcher matcher in _matchers)
        {
            if (!matcher.Matches(series))
            {
                return false;
            }
        }
        return true;
    }

    public override string ToString() => _text;

    private static string Canonical(LabelMatcher[] matchers)
    {
        bool named = matchers.Length > 0
            && matchers[0] is { Label: LabelMatcher.MetricName, Operator: MatchOperator.Equal }
            && SelectorText.IsMetricName(matchers[0].Value)
            && !matchers.Skip(1).Any(matcher => matcher.Label == LabelMatcher.MetricName);
        IEnumerable<LabelMatcher> inBraces = named ? matchers.Skip(1) : matchers;
        string braces = string.Join(",", inBraces.Select(matcher => matcher.ToString()));
        return (named ? matchers[0].Value : "") + (named && braces.Length == 0 ? "" : "{" + braces + "}");
    }
}
