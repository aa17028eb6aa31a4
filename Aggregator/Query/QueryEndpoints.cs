using System.ComponentModel;
using System.Globalization;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Histograms;
using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Query;

/// <summary>The HTTP API over what is in memory.</summary>
internal static class QueryEndpoints
{
    private const int LimitDefault = 1000;

    public static IResult ListSeries(
        SeriesIndex index, QueryOptions options, TimeProvider time,
        [Description("Which series: PromQL's series selector. Default: all.")] string? selector,
        [Description("Series in the answer, at most Query:ListedSeriesMax. Default: 1000.")] int? limit)
    {
        if (!Selector.TryParse(selector ?? "{}", out Selector? wanted, out string error))
        {
            return Refuse($"Cannot list series: {error}");
        }
        if (limit is < 0 || limit > options.ListedSeriesMax)
        {
            return Refuse($"Cannot list series: limit is {limit}, allowed is 0 to {options.ListedSeriesMax} (Query:ListedSeriesMax).");
        }
        int listedMax = limit ?? int.Min(LimitDefault, options.ListedSeriesMax);
        long nowNs = time.UnixNs();
        List<Series> found = index.Find(wanted!);
        return Results.Json(new SeriesReport(found.Count, [.. found.Take(listedMax).Select(series => Describe(series, nowNs))]));
    }

    public static ServicesReport ListServices(TelemetryStore store, TimeProvider time)
    {
        long nowNs = time.UnixNs();
        return new ServicesReport([.. store.Sources
            .GroupBy(source => source.Service, StringComparer.Ordinal)
            .OrderBy(service => service.Key, StringComparer.Ordinal)
            .Select(service =>
            {
                ServicesReport.Instance[] instances = [.. service.Select(source => Describe(source, nowNs)).OrderBy(one => one.Name, StringComparer.Ordinal)];
                return new ServicesReport.Service(service.Key, instances.Sum(one => one.Series), instances.Count(one => !one.Stale), instances);
            })]);
    }

    public static async Task<IResult> ReadSamples(
        [AsParameters] SampleQueryText text, SeriesIndex index, QueryOptions options, QueryGate gate, TimeProvider time, HttpContext context)
    {
        if (!SampleQuery.TryRead(text, options, time.UnixNs(), out SampleQuery? query, out string error))
        {
            return Refuse(error);
        }
        List<Series> matching = index.Find(query!.Selector);
        if (matching.Find(series => !CanAggregate(query, series.Kind)) is { } other)
        {
            return Refuse($"Cannot query: {other.Name} is a {SeriesJson.KindName(other.Kind)}, which has no '{query.Aggregation.ToString()!.ToLowerInvariant()}'.");
        }
        if (query.Merge && Unmergeable(matching) is { } unmergeable)
        {
            return Refuse(unmergeable);
        }
        if (matching.Count > options.SampledSeriesMax)
        {
            return Refuse($"Cannot query: the selector matches {matching.Count} series, {options.SampledSeriesMax} are the limit (Query:SampledSeriesMax). Narrow it.");
        }
        if (await gate.TryEnterAsync(context.RequestAborted) is not { } writer)
        {
            context.Response.Headers.RetryAfter = "1";
            return Results.Problem("Cannot query: too many questions are being answered. Ask again.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
        try
        {
            context.Response.ContentType = "application/json";
            await writer.WriteAsync(query!, matching, context.Response.Body, context.RequestAborted);
        }
        finally
        {
            gate.Leave(writer);
        }
        return Results.Empty;
    }

    /// <summary>Why histograms of these series cannot be added up: only units of time are converted. Null when they can.</summary>
    private static string? Unmergeable(List<Series> matching)
    {
        List<Series> histograms = matching.FindAll(series => series.Kind == SeriesKind.Histogram);
        Series? other = histograms.Find(series => TimeUnits.Factor(series.Unit, histograms[0].Unit) is null);
        return other is null
            ? null
            : $"Cannot merge: {Named(histograms[0])} and {Named(other)}. Units of time are converted, others are not: narrow the selector to one unit.";

        static string Named(Series series) => $"{series.Name} of {series.Source.Service} {(series.Unit.Length == 0 ? "has no unit" : $"is in '{series.Unit}'")}";
    }

    private static bool CanAggregate(SampleQuery query, SeriesKind kind) => query.Aggregation switch
    {
        null => true,
        Aggregation.Quantile => kind == SeriesKind.Histogram,
        Aggregation.Increase or Aggregation.Rate => kind != SeriesKind.Gauge,
        Aggregation.First or Aggregation.Last => kind != SeriesKind.Histogram,
        _ => true,
    };

    private static SeriesReport.Entry Describe(Series series, long nowNs) => new(
        series.Id, series.Source.Id, series.Source.Service, series.Source.Instance, series.Name,
        series.Labels.ToDictionary(label => label.Name, label => label.Value, StringComparer.Ordinal),
        SeriesJson.KindName(series.Kind), series.Unit, series.Head, TimeOrNull(series.NewestTimestampNs), series.IsStale(nowNs));

    private static ServicesReport.Instance Describe(Source source, long nowNs)
    {
        Series[] series = [.. source.Series];
        return new ServicesReport.Instance(
            source.Instance, source.Id, series.Length, TimeOrNull(source.NewestReceivedNs), source.PushIntervalMs, series.All(one => one.IsStale(nowNs)));
    }

    private static string? TimeOrNull(long ns) => ns == 0 ? null : ns.ToString(CultureInfo.InvariantCulture);

    private static IResult Refuse(string detail) => Results.Problem(detail, statusCode: StatusCodes.Status400BadRequest);
}
