using Integration.Tests.Prometheus;

namespace Integration.Tests.Grafana;

/// <summary>The files by which Grafana is set up, held against what its provisioning reads. No Grafana can be had here that would load them.</summary>
public sealed class ProvisioningTests
{
    private static readonly (string Folder, string Text)[] Files =
    [
        .. Directory.GetFiles(Path.Combine(ProductFiles.Grafana, "provisioning"), "*.yml", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(file => (Path.GetFileName(Path.GetDirectoryName(file))!, File.ReadAllText(file))),
    ];

    [Fact]
    public void Files_OfTheRepository_AreWhatGrafanaReads()
    {
        Assert.Equal(["alerting", "alerting", "alerting", "dashboards", "datasources"], Files.Select(file => file.Folder));
        Assert.Equal([], ProvisioningRules.ProblemsOf(Files));
    }

    [Theory]
    [InlineData("apiVersion: 1", "apiVersion: 2", "apiVersion is '2'")]
    [InlineData("    isDefault:", "    is_default:", "datasource: Grafana knows no 'is_default'")]
    [InlineData("    access: proxy", "    access: server", "datasource: access is 'server'")]
    [InlineData("timeInterval: 1s", "timeInterval: 1", "jsonData: timeInterval is '1'")]
    [InlineData("manageAlerts:", "manageAlert:", "jsonData: Grafana knows no 'manageAlert'")]
    [InlineData("updateIntervalSeconds: 30", "updateIntervalSeconds: 30s", "provider: updateIntervalSeconds is '30s'")]
    [InlineData("      path: $DASHBOARDS_PATH", "      paths: $DASHBOARDS_PATH", "provider options: it lacks 'path'")]
    [InlineData("    interval: 30s", "    interval: half a minute", "group: interval is 'half a minute'")]
    [InlineData("noDataState: Alerting", "noDataState: Firing", "rule: noDataState is 'Firing'")]
    [InlineData("condition: B", "condition: C", "rule: its condition 'C' is no step of it")]
    [InlineData("expression: A", "expression: B", "expression: 'B' is no other step")]
    [InlineData("type: threshold", "type: thresold", "expression: type is 'thresold'")]
    [InlineData("type: lt", "type: below", "evaluator: type is 'below'")]
    [InlineData("{ from: 60, to: 0 }", "{ from: 0, to: 60 }", "relativeTimeRange: it ends before it begins")]
    [InlineData("          addresses:", "          address:", "email: it lacks 'addresses'")]
    [InlineData("group_wait: 10s", "groupWait: 10s", "policy: Grafana knows no 'groupWait'")]
    [InlineData("[severity, '=', page]", "[severity, '==', page]", "is no matcher")]
    [InlineData("      - receiver: observability", "      - receiver: nobody", "policies: there is no contact point 'nobody'")]
    public void Files_WithAMistake_AreRefused(string right, string wrong, string problem)
    {
        Assert.Contains(Files, file => file.Text.Contains(right, StringComparison.Ordinal));
        IReadOnlyList<string> problems = ProvisioningRules.ProblemsOf(Files.Select(file => (file.Folder, file.Text.Replace(right, wrong, StringComparison.Ordinal))));
        Assert.Contains(problems, one => one.Contains(problem, StringComparison.Ordinal));
    }
}
