using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Triggers;

internal enum TriggerMeasure
{
    Value,
    Rate,
    Min,
    Max,
    Mean,
    Count,
}

internal static class TriggerMeasures
{
    private static readonly string[] Names = [.. Enum.GetNames<TriggerMeasure>().Select(name => name.ToLowerInvariant())];

    public static string NamesText => string.Join(", ", Names);

    public static bool TryParse(string text, out TriggerMeasure measure)
    {
        int index = Array.IndexOf(Names, text);
        measure = (TriggerMeasure)Math.Max(index, 0);
        return index >= 0;
    }

    public static string Name(this TriggerMeasure measure) => Names[(int)measure];

    /// <summary>A histogram has no single value, and only a histogram has a distribution.</summary>
    public static bool FitsTo(this TriggerMeasure measure, SeriesKind kind) =>
        (kind == SeriesKind.Histogram) == (measure is not (TriggerMeasure.Value or TriggerMeasure.Rate));
}
