using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Triggers;

/// <summary>One rule at work: the series it watches. Only the engine's thread touches it.</summary>
internal sealed class RuleWatch(TriggerRule rule, int seriesMax)
{
    private readonly List<SeriesWatch> _watches = [];

    public TriggerRule Rule { get; } = rule;

    public List<SeriesWatch> Watches => _watches;

    public long FiringsTotal { get; set; }

    /// <summary>Series that matched beyond the limit.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Why some of what matches is not watched; null when all is.</summary>
    public string? Problem { get; private set; }

    /// <param name="series">A series that was not offered before.</param>
    /// <param name="isNew">It appeared while the rule was at work: its first samples count too.</param>
    public void Offer(Series series, bool isNew)
    {
        if (!Rule.Definition.Enabled || !Rule.Selector.Matches(series))
        {
            return;
        }
        if (!Rule.Measure.FitsTo(series.Kind))
        {
            Problem = $"{series.Name} is a {series.Kind.ToString().ToLowerInvariant()}: its measure cannot be {Rule.Measure.Name()}.";
        }
        else if (_watches.Count == seriesMax)
        {
            LeftOut++;
            Problem = $"{LeftOut} series that match are not watched: {seriesMax} are the limit (Triggers:SeriesPerRuleMax).";
        }
        else
        {
            _watches.Add(new SeriesWatch(Rule, series, isNew ? 0 : series.Head));
        }
    }
}
