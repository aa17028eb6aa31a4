namespace Observability.Aggregator.Selectors;

internal enum MatchOperator
{
    Equal,
    NotEqual,
    Regex,
    NotRegex,
}
