using System.Text.RegularExpressions;

namespace Integration.Tests.Prometheus;

/// <summary>The configuration and the rules by themselves: promtool's checks, its tests in synthetic time, and that nothing lacks its test or runbook.</summary>
[Trait("Needs", "Prometheus")]
public sealed partial class RuleFileTests
{
    [Fact]
    public async Task Promtool_CheckConfig_IsContent()
    {
        Promtool.SkipUnlessInstalled();
        (int exitCode, string output) = await Promtool.RunAsync("check", "config", "prometheus.yml");
        Assert.True(exitCode == 0 && output.Contains("SUCCESS", StringComparison.Ordinal), output);
    }

    [Fact]
    public async Task Promtool_CheckRules_IsContent()
    {
        Promtool.SkipUnlessInstalled();
        (int exitCode, string output) = await Promtool.RunAsync(["check", "rules", "--lint=all", "--lint-fatal", .. Files("rules")]);
        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public async Task Promtool_TestRules_PassesInSyntheticTime()
    {
        Promtool.SkipUnlessInstalled();
        (int exitCode, string output) = await Promtool.RunAsync(["test", "rules", .. Files("tests")]);
        Assert.True(exitCode == 0, output);
        Assert.Equal(Files("tests").Length, output.Split("SUCCESS").Length - 1);
    }

    [Fact]
    public void Alert_OfEveryRule_IsSeenFiringAndResolvedInATest()
    {
        string tests = string.Concat(Files("tests").Select(file => ProductFiles.Read("prometheus", file)));
        string[] alerts = [.. Rule.All.Where(rule => rule.IsAlert).Select(rule => rule.Name)];
        Assert.Equal(14, alerts.Length);
        Assert.All(alerts, alert => Assert.Matches($"alertname: {alert}\n +exp_alerts:\n", tests));
        // One that is absent in synthetic time cannot be made present again: LiveAlertTests see its end. A certificate does not get younger.
        Assert.All(alerts.Where(alert => alert is not ("AggregatorAbsent" or "CertificateExpires")), alert =>
            Assert.Matches($"(?s)alertname: {alert}\n +exp_alerts:\n.*alertname: {alert}, exp_alerts: \\[\\]", tests));
    }

    [Fact]
    public void Alert_OfEveryRule_HasSummaryDescriptionAndAPlaceInTheRunbook()
    {
        string runbook = ProductFiles.Read("docs", "runbook.md");
        foreach (Rule alert in Rule.All.Where(rule => rule.IsAlert))
        {
            Assert.Equal(["description", "runbook", "summary"], alert.Annotations.Keys.Order(StringComparer.Ordinal));
            Assert.Equal($"docs/runbook.md#{alert.Name.ToLowerInvariant()}", alert.Annotations["runbook"]);
            Assert.Contains($"\n## {alert.Name}\n", runbook, StringComparison.Ordinal);
        }
        Assert.Equal(Rule.All.Count(rule => rule.IsAlert), Heading().Count(runbook));
    }

    private static string[] Files(string folder) =>
        [.. Directory.GetFiles(Path.Combine(ProductFiles.Prometheus, folder), "*.yml").Select(file => Path.GetRelativePath(ProductFiles.Prometheus, file)).Order(StringComparer.Ordinal)];

    [GeneratedRegex("^## ", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
