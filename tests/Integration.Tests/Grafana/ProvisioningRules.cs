using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Integration.Tests.Grafana;

/// <summary>
/// What Grafana's provisioning reads of a YAML file, restated: the fields it knows (it drops others without a word, which is how a misspelt one does
/// nothing), those it cannot do without, and the words and durations that it takes. Each problem is one line.
/// </summary>
internal sealed partial class ProvisioningRules
{
    private static readonly string[] Expressions = ["math", "reduce", "resample", "threshold", "sql", "classic_conditions"];
    private static readonly string[] Evaluators = ["gt", "lt", "within_range", "outside_range", "eq", "ne", "gte", "lte"];
    private static readonly string[] RouteDurations = ["group_wait", "group_interval", "repeat_interval"];

    private readonly List<string> _problems = [];
    private readonly HashSet<string> _receivers = [];
    private readonly List<string> _routed = [];

    /// <param name="files">Folder (datasources, dashboards, alerting) and text of each file.</param>
    public static IReadOnlyList<string> ProblemsOf(IEnumerable<(string Folder, string Text)> files)
    {
        var rules = new ProvisioningRules();
        foreach ((string folder, string text) in files)
        {
            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            rules.ReadFile(folder, (YamlMappingNode)yaml.Documents[0].RootNode);
        }
        rules._problems.AddRange(rules._routed.Where(name => !rules._receivers.Contains(name)).Select(name => $"policies: there is no contact point '{name}'"));
        return rules._problems;
    }

    private void ReadFile(string folder, YamlMappingNode file)
    {
        string[] lists = folder switch
        {
            "datasources" => ["datasources", "deleteDatasources", "prune"],
            "dashboards" => ["providers"],
            _ => ["groups", "deleteRules", "contactPoints", "deleteContactPoints", "policies", "resetPolicies", "templates", "deleteTemplates", "muteTimes", "deleteMuteTimes"],
        };
        Known(folder, file, ["apiVersion"], lists);
        Word(folder, file, "apiVersion", "1");
        Each(file, "datasources", ReadDataSource);
        Each(file, "providers", ReadProvider);
        Each(file, "groups", ReadGroup);
        Each(file, "contactPoints", ReadContactPoint);
        Each(file, "policies", policy => ReadRoute(policy, isRoot: true));
    }

    private void ReadDataSource(YamlMappingNode source)
    {
        Known("datasource", source, ["name", "type", "access", "url", "uid"], [
            "orgId", "orgName", "version", "user", "database", "basicAuth", "basicAuthUser", "withCredentials", "isDefault", "correlations", "jsonData", "secureJsonData", "editable",
        ]);
        Word("datasource", source, "access", "proxy", "direct");
        Word("datasource", source, "editable", "true", "false");
        Match("datasource", source, "uid", Uid());
        if (source.Children.TryGetValue("jsonData", out YamlNode? settings))
        {
            Known("jsonData", (YamlMappingNode)settings, [], ["httpMethod", "timeInterval", "queryTimeout", "prometheusType", "prometheusVersion", "manageAlerts", "cacheLevel", "incrementalQuerying"]);
            Word("jsonData", (YamlMappingNode)settings, "httpMethod", "GET", "POST");
            Word("jsonData", (YamlMappingNode)settings, "prometheusType", "Prometheus", "Cortex", "Mimir", "Thanos");
            Match("jsonData", (YamlMappingNode)settings, "timeInterval", Duration());
        }
    }

    private void ReadProvider(YamlMappingNode provider)
    {
        Known("provider", provider, ["name", "type", "options"], ["orgId", "folder", "folderUid", "editable", "disableDeletion", "updateIntervalSeconds", "allowUiUpdates"]);
        Word("provider", provider, "type", "file");
        Match("provider", provider, "updateIntervalSeconds", Number());
        Match("provider", provider, "folderUid", Uid());
        Known("provider options", (YamlMappingNode)provider["options"], ["path"], ["foldersFromFilesStructure"]);
    }

    private void ReadGroup(YamlMappingNode group)
    {
        Known("group", group, ["name", "folder", "interval", "rules"], ["orgId"]);
        Match("group", group, "interval", Duration());
        Each(group, "rules", ReadRule);
    }

    private void ReadRule(YamlMappingNode rule)
    {
        Known("rule", rule, ["uid", "title", "condition", "data"], [
            "dashboardUid", "panelId", "noDataState", "execErrState", "for", "keepFiringFor", "missing_series_evals_to_resolve", "annotations", "labels", "isPaused",
            "notification_settings", "record",
        ]);
        Match("rule", rule, "uid", Uid());
        Match("rule", rule, "for", Duration());
        Word("rule", rule, "noDataState", "Alerting", "NoData", "OK", "KeepLast");
        Word("rule", rule, "execErrState", "Alerting", "Error", "OK", "KeepLast");
        var steps = (YamlSequenceNode)rule["data"];
        string[] names = [.. steps.Children.Select(step => Of((YamlMappingNode)step, "refId"))];
        Require(names.Distinct().Count() == names.Length, "rule: two steps have the same refId");
        Require(names.Contains(Of(rule, "condition")), $"rule: its condition '{Of(rule, "condition")}' is no step of it");
        Each(rule, "data", step => ReadStep(step, names));
    }

    private void ReadStep(YamlMappingNode step, string[] names)
    {
        Known("step", step, ["refId", "datasourceUid", "model"], ["queryType", "relativeTimeRange"]);
        if (step.Children.TryGetValue("relativeTimeRange", out YamlNode? range))
        {
            Known("relativeTimeRange", (YamlMappingNode)range, ["from", "to"], []);
            Require(int.Parse(Of((YamlMappingNode)range, "from"), CultureInfo.InvariantCulture) >= int.Parse(Of((YamlMappingNode)range, "to"), CultureInfo.InvariantCulture),
                "relativeTimeRange: it ends before it begins");
        }
        var model = (YamlMappingNode)step["model"];
        Require(Of(model, "refId") == Of(step, "refId"), $"step {Of(step, "refId")}: its model is called '{Of(model, "refId")}'");
        if (Of(step, "datasourceUid") != "__expr__")
        {
            Require(Of(model, "expr").Length > 0, $"step {Of(step, "refId")}: it asks nothing");
            Require(Of((YamlMappingNode)model["datasource"], "uid") == Of(step, "datasourceUid"), $"step {Of(step, "refId")}: it names two data sources");
            return;
        }
        Word("expression", model, "type", Expressions);
        Require(names.Contains(Of(model, "expression")) && Of(model, "expression") != Of(step, "refId"), $"expression: '{Of(model, "expression")}' is no other step");
        Each(model, "conditions", condition =>
        {
            var evaluator = (YamlMappingNode)condition["evaluator"];
            Known("evaluator", evaluator, ["type", "params"], []);
            Word("evaluator", evaluator, "type", Evaluators);
        });
    }

    private void ReadContactPoint(YamlMappingNode point)
    {
        Known("contact point", point, ["name", "receivers"], ["orgId"]);
        _receivers.Add(Of(point, "name"));
        Each(point, "receivers", receiver =>
        {
            Known("receiver", receiver, ["uid", "type", "settings"], ["disableResolveMessage"]);
            Match("receiver", receiver, "uid", Uid());
            if (Of(receiver, "type") == "email")
            {
                Known("email", (YamlMappingNode)receiver["settings"], ["addresses"], ["singleEmail", "message", "subject"]);
            }
        });
    }

    private void ReadRoute(YamlMappingNode route, bool isRoot)
    {
        Known("policy", route, isRoot ? ["receiver"] : [], [
            .. isRoot ? (string[])["orgId"] : ["receiver"], "group_by", "routes", .. RouteDurations,
            .. isRoot ? (string[])[] : ["object_matchers", "matchers", "continue", "mute_time_intervals", "active_time_intervals"],
        ]);
        if (route.Children.ContainsKey("receiver"))
        {
            _routed.Add(Of(route, "receiver"));
        }
        foreach (string duration in RouteDurations)
        {
            Match("policy", route, duration, Duration());
        }
        foreach (YamlSequenceNode matcher in (route.Children.TryGetValue("object_matchers", out YamlNode? matchers) ? (YamlSequenceNode)matchers : []).Cast<YamlSequenceNode>())
        {
            Require(matcher.Children.Count == 3 && matcher[1].ToString() is "=" or "!=" or "=~" or "!~", $"policy: {matcher} is no matcher");
        }
        Each(route, "routes", inner => ReadRoute(inner, isRoot: false));
    }

    private void Known(string what, YamlMappingNode node, string[] required, string[] further)
    {
        string[] names = [.. node.Children.Keys.Select(key => key.ToString())];
        _problems.AddRange(names.Except(required).Except(further).Select(name => $"{what}: Grafana knows no '{name}'"));
        _problems.AddRange(required.Except(names).Select(name => $"{what}: it lacks '{name}'"));
    }

    private void Word(string what, YamlMappingNode node, string name, params string[] words) =>
        Require(!node.Children.ContainsKey(name) || words.Contains(Of(node, name)), $"{what}: {name} is '{Of(node, name)}'");

    private void Match(string what, YamlMappingNode node, string name, Regex form) =>
        Require(!node.Children.ContainsKey(name) || form.IsMatch(Of(node, name)), $"{what}: {name} is '{Of(node, name)}'");

    private void Require(bool isSo, string problem)
    {
        if (!isSo)
        {
            _problems.Add(problem);
        }
    }

    private static void Each(YamlMappingNode node, string name, Action<YamlMappingNode> read)
    {
        foreach (YamlMappingNode one in (node.Children.TryGetValue(name, out YamlNode? list) ? (YamlSequenceNode)list : []).Cast<YamlMappingNode>())
        {
            read(one);
        }
    }

    private static string Of(YamlMappingNode node, string name) => node.Children.TryGetValue(name, out YamlNode? value) ? value.ToString() : "";

    [GeneratedRegex("^[a-zA-Z0-9_-]{1,40}$")]
    private static partial Regex Uid();

    [GeneratedRegex("^(\\d+(ms|[smhdwy]))+$")]
    private static partial Regex Duration();

    [GeneratedRegex("^\\d+$")]
    private static partial Regex Number();
}
