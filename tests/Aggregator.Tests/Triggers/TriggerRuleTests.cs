using Observability.Aggregator.Triggers;

namespace Observability.Aggregator.Tests.Triggers;

public sealed class TriggerRuleTests
{
    private static readonly TriggerOptions Options = new() { Webhooks = { ["pager"] = "http://localhost:1/" } };

    [Theory]
    [InlineData("Checkout p99", "checkout-p99")]
    [InlineData("  a / b!! ", "a-b")]
    [InlineData("Ä", "rule-c384")]
    public void IdOf_AName_IsWhatALinkCanHold(string name, string id) => Assert.Equal(id, TriggerRule.IdOf(name));

    [Fact]
    public void TryRead_OfAWrongPart_SaysWhichItsValueAndWhatIsAllowed()
    {
        AssertRefused(rule => rule with { Name = " " }, "name is ' ', allowed is 1 to 200 characters");
        AssertRefused(rule => rule with { Name = new string('x', 201) }, "allowed is 1 to 200 characters");
        AssertRefused(rule => rule with { Selector = "rps{" }, "selector 'rps{': Cannot read selector at character 5");
        AssertRefused(rule => rule with { Capture = "}" }, "capture '}'");
        AssertRefused(rule => rule with { Measure = "median" }, "measure is 'median', allowed is value, rate, min, max, mean, count");
        AssertRefused(rule => rule with { Condition = "=>" }, "condition is '=>', allowed is >, >=, <, <=, ==, !=");
        AssertRefused(rule => rule with { Threshold = null }, "threshold is '', allowed is a finite number");
        AssertRefused(rule => rule with { Threshold = double.NaN }, "threshold is 'NaN'");
        AssertRefused(rule => rule with { ClearThreshold = double.PositiveInfinity }, "clear_threshold is");
        AssertRefused(rule => rule with { ForMs = -1 }, "for_ms is '-1', allowed is 0 to 600000");
        AssertRefused(rule => rule with { ForMs = 600_001 }, "for_ms is '600001'");
        AssertRefused(rule => rule with { AfterMs = 60_001 }, "after_ms is '60001', allowed is 0 to 60000");
        AssertRefused(rule => rule with { Webhook = "other" }, "webhook is 'other', allowed is pager");
    }

    [Fact]
    public void TryRead_AtTheLimits_IsTaken()
    {
        TriggerDefinition definition = Good() with { Name = new string('x', 200), ForMs = 600_000, AfterMs = 60_000, BeforeMs = 60_000, OverMs = 60_000, Webhook = "pager" };
        Assert.True(TriggerRule.TryRead(definition, Options, isConfigured: false, out TriggerRule? rule, out _));
        Assert.Equal(600_000_000_000, rule!.ForNs);
    }

    private static void AssertRefused(Func<TriggerDefinition, TriggerDefinition> change, string expected)
    {
        Assert.False(TriggerRule.TryRead(change(Good()), Options, isConfigured: false, out _, out string error));
        Assert.StartsWith("Cannot use the rule", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    private static TriggerDefinition Good() => new() { Name = "good", Selector = "rps", Threshold = 1 };
}
