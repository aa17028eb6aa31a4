using System.ComponentModel;
using System.Globalization;

namespace Observability.Aggregator.Triggers;

/// <summary>Answer of /api/triggers.</summary>
internal sealed record TriggersReport(
    [property: Description("Grows with every change.")] long Version,
    bool CanEdit,
    [property: Description("Whether rules made here outlive the aggregator (Triggers:RulesFile).")] bool IsKept,
    [property: Description("What a rule may name as its webhook.")] IReadOnlyList<string> Webhooks,
    TriggersReport.LimitReport Limits,
    IReadOnlyList<RuleReport> Rules)
{
    internal sealed record LimitReport(int RulesMax, int SeriesPerRuleMax, int FiringsMax, int TimeMsMax, int CaptureMsMax);
}

internal sealed record RuleReport(
    string Id,
    [property: Description("configuration or api.")] string Origin,
    TriggerDefinition Rule,
    [property: Description("inactive, pending, firing or disabled.")] string State,
    [property: Description("Why some of what matches is not watched.")] string? Problem,
    [property: Description("Series watched.")] int Series,
    int Firing,
    long FiringsTotal,
    [property: Description("Series whose condition holds; at most 100.")] IReadOnlyList<RuleReport.ActiveSeries> Active)
{
    private const int ActiveMax = 100;

    internal sealed record ActiveSeries(SeriesIdentity Series, string State, string SinceNs, double? Value);

    public static RuleReport Of(RuleWatch watch)
    {
        SeriesWatch[] active = [.. watch.Watches.Where(one => one.State != WatchState.Inactive)];
        int firing = active.Count(one => one.State == WatchState.Firing);
        string state = !watch.Rule.Definition.Enabled ? "disabled" : firing > 0 ? "firing" : active.Length > 0 ? "pending" : "inactive";
        return new RuleReport(
            watch.Rule.Id, watch.Rule.IsConfigured ? "configuration" : "api", watch.Rule.Definition, state, watch.Problem,
            watch.Watches.Count, firing, watch.FiringsTotal,
            [.. active.Take(ActiveMax).Select(Describe)]);
    }

    private static ActiveSeries Describe(SeriesWatch watch) => new(
        SeriesIdentity.Of(watch.Series), watch.State.ToString().ToLowerInvariant(), Texts.Of(watch.SinceNs), Texts.FiniteOrNull(watch.Value));
}

/// <summary>Answer of /api/triggers/firings.</summary>
internal sealed record FiringsReport(
    [property: Description("In the history, listed or not.")] int Total, IReadOnlyList<FiringReport> Firings);

internal sealed record FiringReport(
    long Id, string RuleId, string RuleName, SeriesIdentity Series,
    [property: Description("Since when the condition held, by the samples' timestamps.")] string StartedNs,
    [property: Description("The timestamp of the sample with which it fired.")] string SampleNs,
    [property: Description("When it fired, by the aggregator's clock.")] string FiredNs,
    string? EndedNs,
    [property: Description("cleared, no data or rule changed.")] string? End,
    string Measure, string Condition, double Threshold, double? Value, double? Peak,
    [property: Description("pending, ready or dropped.")] string Capture,
    [property: Description("pending, delivered or failed.")] string? Webhook)
{
    public static FiringReport Of(Firing firing) => new(
        firing.Id, firing.Rule.Id, firing.Rule.Definition.Name, firing.Series,
        Texts.Of(firing.SinceNs), Texts.Of(firing.TimestampNs), Texts.Of(firing.FiredNs),
        firing.EndedNs == 0 ? null : Texts.Of(firing.EndedNs), firing.End,
        firing.Rule.Measure.Name(), firing.Rule.Condition.Symbol(), firing.Rule.Threshold,
        Texts.FiniteOrNull(firing.Value), Texts.FiniteOrNull(firing.Peak),
        firing.Capture.ToString().ToLowerInvariant(), firing.Delivery?.ToString().ToLowerInvariant());
}

internal static class Texts
{
    public static string Of(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static double? FiniteOrNull(double value) => double.IsFinite(value) ? value : null;
}
