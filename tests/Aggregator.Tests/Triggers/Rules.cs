using Observability.Aggregator.Triggers;

namespace Observability.Aggregator.Tests.Triggers;

/// <summary>Rules as tests want them.</summary>
internal static class Rules
{
    public static TriggerRule Of(
        string condition = ">", double threshold = 100, int forMs = 0, string measure = "value", Func<TriggerDefinition, TriggerDefinition>? change = null)
    {
        var definition = new TriggerDefinition
        {
            Name = "rule", Selector = "{}", Condition = condition, Threshold = threshold, ForMs = forMs, Measure = measure,
            ClearForMs = 0, HoldoffMs = 0,
        };
        Assert.True(TriggerRule.TryRead(change?.Invoke(definition) ?? definition, new TriggerOptions(), isConfigured: false, out TriggerRule? rule, out string error), error);
        return rule!;
    }
}
