namespace Observability.Aggregator.Triggers;

internal enum TriggerCondition
{
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    NotEqual,
}

internal static class TriggerConditions
{
    private static readonly string[] Symbols = [">", ">=", "<", "<=", "==", "!="];

    public static string SymbolsText => string.Join(", ", Symbols);

    public static bool TryParse(string text, out TriggerCondition condition)
    {
        int index = Array.IndexOf(Symbols, text);
        condition = (TriggerCondition)Math.Max(index, 0);
        return index >= 0;
    }

    public static string Symbol(this TriggerCondition condition) => Symbols[(int)condition];

    /// <summary>[Data plane] A value that is not a number holds against nothing.</summary>
    public static bool Holds(this TriggerCondition condition, double value, double threshold) => condition switch
    {
        TriggerCondition.Above => value > threshold,
        TriggerCondition.AtLeast => value >= threshold,
        TriggerCondition.Below => value < threshold,
        TriggerCondition.AtMost => value <= threshold,
        TriggerCondition.Equal => value == threshold,
        _ => value != threshold && !double.IsNaN(value),
    };

    /// <summary>[Data plane] Of a conflated sample, the value that meets the condition first: a spike inside it is not missed.</summary>
    public static double Extreme(this TriggerCondition condition, double min, double max, double last) => condition switch
    {
        TriggerCondition.Above or TriggerCondition.AtLeast => max,
        TriggerCondition.Below or TriggerCondition.AtMost => min,
        _ => last,
    };

    /// <summary>[Data plane] Whether a value is further out than the furthest so far.</summary>
    public static bool IsFurther(this TriggerCondition condition, double value, double furthest) => condition switch
    {
        TriggerCondition.Below or TriggerCondition.AtMost => value < furthest,
        _ => value > furthest,
    };
}
