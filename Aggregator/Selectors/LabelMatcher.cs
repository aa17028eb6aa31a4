using System.Text.RegularExpressions;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Selectors;

/// <summary>One condition of a selector. A label that a series does not have counts as empty.</summary>
internal sealed class LabelMatcher
{
    public const string MetricName = "__name__";

    private readonly Regex? _regex;

    private LabelMatcher(string label, MatchOperator operation, string value, Regex? regex)
    {
        Label = label;
        Operator = operation;
        Value = value;
        _regex = regex;
    }

    public string Label { get; }

    public MatchOperator Operator { get; }

    public string Value { get; }

    public static bool TryCreate(string label, MatchOperator operation, string value, out LabelMatcher? matcher, out string error)
    {
        matcher = null;
        error = "";
        Regex? regex = null;
        if (operation is MatchOperator.Regex or MatchOperator.NotRegex && !LinearRegex.TryCompile(value, out regex, out error))
        {
            return false;
        }
        matcher = new LabelMatcher(label, operation, value, regex);
        return true;
    }

    public bool Matches(Series series) => MatchesValue(ValueOf(series));

    public bool MatchesValue(string actual)
    {
        return Operator switch
        {
            MatchOperator.Equal => string.Equals(actual, Value, StringComparison.Ordinal),
            MatchOperator.NotEqual => !string.Equals(actual, Value, StringComparison.Ordinal),
            MatchOperator.Regex => _regex!.IsMatch(actual),
            _ => !_regex!.IsMatch(actual),
        };
    }

    public override string ToString() => SelectorText.LabelName(Label) + Symbol(Operator) + SelectorText.Quote(Value);

    public static string Symbol(MatchOperator operation) => operation switch
    {
        MatchOperator.Equal => "=",
        MatchOperator.NotEqual => "!=",
        MatchOperator.Regex => "=~",
        _ => "!~",
    };

    private string ValueOf(Series series) => Label switch
    {
        MetricName => series.Name,
        "service" => series.Source.Service,
        "instance" => series.Source.Instance,
        _ => series.Labels.TryGet(Label, out string value) ? value : "",
    };
}
