using System.Text.Json;
using System.Text.RegularExpressions;
using Integration.Tests.Prometheus;

namespace Integration.Tests.Grafana;

/// <summary>Lints of the dashboards. Their types are checked in tests/Grafana, their queries against a real Prometheus in <see cref="LiveQueryTests"/>.</summary>
public sealed partial class DashboardTests
{
    private const string DataSource = "observability-prometheus";

    [Fact]
    public void Board_OfEachFile_HasItsStableUidAndANewSchema()
    {
        Assert.Equal(
            [("observability.json", "observability-overview"), ("platform.json", "observability-platform"), ("service.json", "observability-service")],
            GrafanaBoard.All.Select(board => (board.File, board.Uid)));
        Assert.All(GrafanaBoard.All, board =>
        {
            Assert.Equal(JsonValueKind.Null, board.Json.GetProperty("id").ValueKind);
            Assert.True(board.Json.GetProperty("schemaVersion").GetInt32() >= 41, board.File);
            Assert.Contains("observability", board.Json.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()));
        });
    }

    [Fact]
    public void Panel_OfEveryBoard_IsModernAndSaysItsUnitAndMeaning()
    {
        foreach (GrafanaPanel panel in Panels().Where(panel => !panel.IsRow))
        {
            Assert.Contains(panel.Kind, new[] { "timeseries", "stat", "bargauge", "heatmap" });
            Assert.True(panel.Title.Length > 0 && panel.Json.GetProperty("description").GetString()!.EndsWith('.'), $"{panel} says not what it shows");
            JsonElement defaults = panel.Json.GetProperty("fieldConfig").GetProperty("defaults");
            Assert.True(defaults.GetProperty("unit").GetString()!.Length > 0, $"{panel} has no unit");
            if (panel.Queries.Any(query => query.Expression.Contains("_seconds", StringComparison.Ordinal) && !Counts().IsMatch(query.Expression)))
            {
                Assert.Equal("s", defaults.GetProperty("unit").GetString());
            }
        }
    }

    [Fact]
    public void Panel_OfEveryBoard_AsksTheOneDataSourceByDistinctQueries()
    {
        foreach (GrafanaPanel panel in Panels().Where(panel => !panel.IsRow))
        {
            Assert.NotEmpty(panel.Queries);
            Assert.Equal(panel.Queries.Count, panel.Queries.Select(query => query.RefId).Distinct().Count());
            Assert.All(panel.Queries, query => Assert.True(query.Expression.Trim().Length > 0, $"{panel} has an empty query"));
            Assert.Equal(DataSource, panel.Json.GetProperty("datasource").GetProperty("uid").GetString());
            Assert.All(panel.Json.GetProperty("targets").EnumerateArray(), target =>
                Assert.Equal(DataSource, target.GetProperty("datasource").GetProperty("uid").GetString()));
            if (panel.Kind == "heatmap")
            {
                Assert.All(panel.Json.GetProperty("targets").EnumerateArray(), target => Assert.Equal("heatmap", target.GetProperty("format").GetString()));
            }
        }
    }

    [Fact]
    public void Panel_OfEveryBoard_LiesInTheGridAndOverNoOther()
    {
        foreach (GrafanaBoard board in GrafanaBoard.All)
        {
            IReadOnlyList<GrafanaPanel> panels = board.Panels;
            Assert.Equal(panels.Count, panels.Select(panel => panel.Id).Distinct().Count());
            Assert.All(panels, panel => Assert.True(panel.Place is { X: >= 0, Y: >= 0, W: > 0, H: > 0 } && panel.Place.X + panel.Place.W <= 24, $"{panel} lies outside"));
            foreach (GrafanaPanel one in panels)
            {
                GrafanaPanel? over = panels.FirstOrDefault(other => other.Id > one.Id
                    && one.Place.X < other.Place.X + other.Place.W && other.Place.X < one.Place.X + one.Place.W
                    && one.Place.Y < other.Place.Y + other.Place.H && other.Place.Y < one.Place.Y + one.Place.H);
                Assert.True(over is null, $"{one} lies over {over}");
            }
        }
    }

    [Fact]
    public void Variable_OfEveryBoard_IsDefinedAndUsed()
    {
        foreach (GrafanaBoard board in GrafanaBoard.All)
        {
            string[] defined = [.. board.Variables.Select(variable => variable.Name)];
            string text = board.Json.GetProperty("panels").GetRawText() + board.Json.GetProperty("links").GetRawText()
                + string.Concat(board.Variables.Select(variable => variable.Query));
            string[] used = [.. Use().Matches(text).Select(match => match.Groups["name"].Value).Where(name => !name.StartsWith("__", StringComparison.Ordinal)).Distinct()];
            Assert.Equal(defined.Order(StringComparer.Ordinal), used.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Link_OfEveryBoard_LeadsToTheLivePageAndToTheOthers()
    {
        foreach (GrafanaBoard board in GrafanaBoard.All)
        {
            JsonElement[] links = [.. board.Json.GetProperty("links").EnumerateArray()];
            Assert.Contains(links, link => link.GetProperty("type").GetString() == "dashboards" && link.GetProperty("keepTime").GetBoolean());
            Assert.Contains(links, link => link.TryGetProperty("url", out JsonElement url) && url.GetString()!.StartsWith("${live}/", StringComparison.Ordinal));
        }
        string service = GrafanaBoard.All.Single(board => board.Uid == "observability-service").Json.GetRawText();
        // The parameters are the page's own: dashboard/src/panels/url.ts.
        Assert.Contains("${live}/?page=service&service=${service:percentencode}&instance=${__field.labels.instance:percentencode}&window=30s&at=${__value.time}", service, StringComparison.Ordinal);
    }

    [Fact]
    public void Provisioning_NamesTheSameDataSourceFolderAndReceiver()
    {
        string Yaml(params string[] path) => ProductFiles.Read(["grafana", "provisioning", .. path]);
        Assert.Contains($"uid: {DataSource}", Yaml("datasources", "prometheus.yml"), StringComparison.Ordinal);
        Assert.Contains("url: $PROMETHEUS_URL", Yaml("datasources", "prometheus.yml"), StringComparison.Ordinal);
        Assert.Contains("path: $DASHBOARDS_PATH", Yaml("dashboards", "observability.yml"), StringComparison.Ordinal);
        Assert.Contains("name: observability\n", Yaml("alerting", "contact-points.yml"), StringComparison.Ordinal);
        Assert.DoesNotMatch("receiver: (?!observability\n)", Yaml("alerting", "policies.yml"));
        Assert.Contains($"datasourceUid: {DataSource}", Yaml("alerting", "rules.yml"), StringComparison.Ordinal);
    }

    private static IEnumerable<GrafanaPanel> Panels() => GrafanaBoard.All.SelectMany(board => board.Panels);

    [GeneratedRegex("""\$\{?(?<name>[A-Za-z_][A-Za-z_0-9]*)""")]
    private static partial Regex Use();

    // What becomes of seconds when they are counted.
    [GeneratedRegex(@"rate\(|increase\(")]
    private static partial Regex Counts();
}
