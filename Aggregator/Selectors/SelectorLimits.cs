namespace Observability.Aggregator.Selectors;

/// <summary>Bounds of one selector, whoever sends it.</summary>
internal static class SelectorLimits
{
    public const int TextLengthMax = 4096;

    public const int MatchersMax = 64;

    /// <summary>Matching is linear in the value's length, but not in the expression's: this bounds the other factor.</summary>
    public const int RegexLengthMax = 1024;
}
