using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Query;

/// <summary>A question about samples, judged and complete.</summary>
internal sealed record SampleQuery(Selector Selector, long FromNs, long ToNs, long? StepNs, Aggregation? Aggregation, double Quantile, bool Merge, bool Buckets = false)
{
    private const double QuantileDefault = 0.99;
    private const long RangeNsDefault = 60_000_000_000;

    public int StepCount => StepNs is { } stepNs ? (int)((ToNs - FromNs + stepNs - 1) / stepNs) : 0;

    /// <summary>False with one sentence for the client.</summary>
    public static bool TryRead(SampleQueryText text, QueryOptions options, long nowNs, out SampleQuery? query, out string error)
    {
        query = null;
        if (text.Selector is null)
        {
            error = "Cannot query: 'selector' is missing, for example rps{service=\"checkout\"}.";
            return false;
        }
        if (!Selector.TryParse(text.Selector, out Selector? selector, out error))
        {
            error = $"Cannot query: {error}";
            return false;
        }
        long toNs = nowNs;
        if (text.To is { } to && !QueryTime.TryParseTime(to, nowNs, out toNs))
        {
            error = $"Cannot query: to is '{to}', allowed is {QueryTime.TimeAllowed}.";
            return false;
        }
        long fromNs = toNs - RangeNsDefault;
        if (text.From is { } from && !QueryTime.TryParseTime(from, nowNs, out fromNs))
        {
            error = $"Cannot query: from is '{from}', allowed is {QueryTime.TimeAllowed}.";
            return false;
        }
        if (fromNs > toNs)
        {
            error = $"Cannot query: from ({fromNs}) is after to ({toNs}).";
            return false;
        }
        return TryReadStep(text, options, selector!, fromNs, toNs, out query, out error);
    }

    /// <summary>What a kind of series is aggregated to when nothing was said.</summary>
    public Aggregation AggregationOf(SeriesKind kind) => Aggregation ?? kind switch
    {
        SeriesKind.Gauge => Query.Aggregation.Avg,
        SeriesKind.Counter => Query.Aggregation.Rate,
        _ => Query.Aggregation.Quantile,
    };

    private static bool TryReadStep(
        SampleQueryText text, QueryOptions options, Selector selector, long fromNs, long toNs, out SampleQuery? query, out string error)
    {
        query = null;
        long? stepNs = null;
        if (text.Step is { } step)
        {
            if (!QueryTime.TryParseDuration(step, out long ns) || ns == 0)
            {
                error = $"Cannot query: step is '{step}', allowed is {QueryTime.DurationAllowed}.";
                return false;
            }
            if ((UInt128)(ulong)(toNs - fromNs) > (UInt128)(ulong)ns * (ulong)options.StepsMax)
            {
                error = $"Cannot query: the range holds more than {options.StepsMax} steps (Query:StepsMax). Take a longer step.";
                return false;
            }
            stepNs = ns;
        }
        Aggregation? aggregation = text.Quantile is null ? null : Query.Aggregation.Quantile;
        if (text.Aggregation is { } name)
        {
            if (!Enum.TryParse(name, ignoreCase: true, out Aggregation parsed) || char.IsAsciiDigit(name[0]))
            {
                error = $"Cannot query: aggregation is '{name}', allowed is {string.Join(", ", Enum.GetNames<Aggregation>()).ToLowerInvariant()}.";
                return false;
            }
            aggregation = parsed;
        }
        if (text.Quantile is < 0 or > 1 or double.NaN)
        {
            error = $"Cannot query: quantile is {text.Quantile}, allowed is 0 to 1.";
            return false;
        }
        if (stepNs is null && (aggregation is not null || text.Merge is true || text.Buckets is true))
        {
            error = "Cannot query: an aggregation, a quantile, merge or buckets needs a 'step', for example 1s.";
            return false;
        }
        error = "";
        query = new SampleQuery(selector, fromNs, toNs, stepNs, aggregation, text.Quantile ?? QuantileDefault, text.Merge is true, text.Buckets is true);
        return true;
    }
}
