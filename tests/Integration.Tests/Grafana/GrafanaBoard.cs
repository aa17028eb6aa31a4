using System.Text.Json;
using Integration.Tests.Prometheus;

namespace Integration.Tests.Grafana;

/// <summary>One dashboard of grafana/dashboards.</summary>
internal sealed record GrafanaBoard(string File, string Uid, JsonElement Json)
{
    public static IReadOnlyList<GrafanaBoard> All { get; } =
        [.. Directory.GetFiles(Path.Combine(ProductFiles.Grafana, "dashboards"), "*.json").Order(StringComparer.Ordinal).Select(Read)];

    public IReadOnlyList<GrafanaPanel> Panels => GrafanaPanel.Of(this);

    /// <summary>Name, kind and query of each variable.</summary>
    public IReadOnlyList<(string Name, string Kind, string Query)> Variables =>
        [.. Json.GetProperty("templating").GetProperty("list").EnumerateArray().Select(variable => (
            variable.GetProperty("name").GetString()!, variable.GetProperty("type").GetString()!,
            variable.GetProperty("query").ValueKind == JsonValueKind.String ? variable.GetProperty("query").GetString()! : variable.GetProperty("query").GetProperty("query").GetString()!))];

    private static GrafanaBoard Read(string file)
    {
        JsonElement json = JsonDocument.Parse(System.IO.File.ReadAllText(file)).RootElement;
        return new GrafanaBoard(Path.GetFileName(file), json.GetProperty("uid").GetString()!, json);
    }
}
