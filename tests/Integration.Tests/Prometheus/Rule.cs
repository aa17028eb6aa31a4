using YamlDotNet.RepresentationModel;

namespace Integration.Tests.Prometheus;

/// <summary>One rule of prometheus/rules: what it records or alerts, and its expression.</summary>
internal sealed record Rule(string File, string Name, bool IsAlert, string Expression, IReadOnlyDictionary<string, string> Annotations)
{
    public static IReadOnlyList<Rule> All { get; } =
        [.. Directory.GetFiles(Path.Combine(ProductFiles.Prometheus, "rules"), "*.yml").Order(StringComparer.Ordinal).SelectMany(ReadFile)];

    private static IEnumerable<Rule> ReadFile(string file)
    {
        var yaml = new YamlStream();
        using var text = new StreamReader(file);
        yaml.Load(text);
        var groups = (YamlSequenceNode)yaml.Documents[0].RootNode["groups"];
        foreach (YamlMappingNode rule in groups.SelectMany(group => (YamlSequenceNode)group["rules"]).Cast<YamlMappingNode>())
        {
            Dictionary<string, YamlNode> fields = rule.Children.ToDictionary(one => one.Key.ToString(), one => one.Value);
            bool isAlert = fields.ContainsKey("alert");
            IReadOnlyDictionary<string, string> annotations = fields.TryGetValue("annotations", out YamlNode? node)
                ? ((YamlMappingNode)node).Children.ToDictionary(one => one.Key.ToString(), one => one.Value.ToString())
                : new Dictionary<string, string>();
            yield return new Rule(Path.GetFileName(file), fields[isAlert ? "alert" : "record"].ToString(), isAlert, fields["expr"].ToString(), annotations);
        }
    }
}
