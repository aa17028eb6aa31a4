using System.Text.RegularExpressions;
using Integration.Tests.Grafana;

namespace Integration.Tests.Prometheus;

/// <summary>A query that the product ships, as it is asked: variables filled, an alert's limit taken off, so that what it watches is seen.</summary>
internal sealed partial record ProductQuery(string From, string Expression)
{
    // What Grafana would fill in for a range of a few minutes of a source scraped once a second, and a little more.
    private const string RateInterval = "10s";

    public static IReadOnlyList<ProductQuery> All { get; } = [.. OfRules(), .. OfPanels(), .. OfDocumentation()];

    /// <summary>Names of metrics in all queries, recorded ones included.</summary>
    public IEnumerable<string> MetricNames => Name().Matches(Quoted().Replace(Expression, "")).Select(match => match.Value);

    private static IEnumerable<ProductQuery> OfRules() => Rule.All.SelectMany(rule => rule.IsAlert
        ? Watched(rule).Select(expression => new ProductQuery($"alert {rule.Name}", expression))
        : [new ProductQuery($"rule {rule.Name}", rule.Expression)]);

    private static IEnumerable<ProductQuery> OfPanels() => GrafanaBoard.All.SelectMany(board => board.Panels)
        .SelectMany(panel => panel.Queries.Select(query => new ProductQuery($"panel {panel}, {query.RefId}", Fill(query.Expression))));

    private static IEnumerable<ProductQuery> OfDocumentation() => new[]
    {
        "rate(telemetry_samples_total[1m])",
        "histogram_quantile(0.99, sum by (le) (rate(telemetry_latency_seconds_bucket[1m])))",
        "telemetry_buffer_size / telemetry_buffer_capacity",
    }.Select(query => new ProductQuery("documentation", query));

    /// <summary>Each side of an alert's conditions; a number is no query.</summary>
    private static IEnumerable<string> Watched(Rule alert) => Condition().Split(alert.Expression)
        .Select(part => part.Trim().TrimStart('(').Trim())
        .Select(part => part.Count(one => one == ')') > part.Count(one => one == '(') ? part[..^1] : part)
        .Select(part => part.StartsWith("time() - max", StringComparison.Ordinal) && part.EndsWith('(') ? part[..^1] : part)
        .Where(part => part.Any(char.IsLetter))
        .Distinct();

    private static string Fill(string expression) => expression
        .Replace("$__rate_interval", RateInterval, StringComparison.Ordinal)
        .Replace("service=\"$service\"", "service=\"checkout\"", StringComparison.Ordinal)
        .Replace("\"$service\"", "\".*\"", StringComparison.Ordinal)
        .Replace("\"$instance\"", "\".*\"", StringComparison.Ordinal)
        .Replace("\"$aggregator\"", "\".*\"", StringComparison.Ordinal);

    [GeneratedRegex(@"\s(?:==|>|<)\s(?:on \(service\)\s)?|\sand on \(service\)\s|\sunless on \(service\)\s")]
    private static partial Regex Condition();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\b(?:telemetry|process|dotnet|scrape|service|instance|metric|requests|errors|latency)[a-z_0-9]*(?::[a-z_0-9]+)+|\b(?:telemetry|process|dotnet|scrape)_[a-z_0-9]+|\b(?:requests|errors)_total|\blatency_p\d+|\b(?:rps|error_rate|inflight|up)\b(?=\{)")]
    private static partial Regex Name();
}
