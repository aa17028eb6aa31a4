using System.Text.Json;

namespace Integration.Tests.Grafana;

/// <summary>One panel of a dashboard, with its place and its queries; rows are panels without queries.</summary>
internal sealed record GrafanaPanel(string Board, int Id, string Kind, string Title, JsonElement Json)
{
    public (int X, int Y, int W, int H) Place { get; } = (Number(Json, "x"), Number(Json, "y"), Number(Json, "w"), Number(Json, "h"));

    public bool IsRow => Kind == "row";

    public IReadOnlyList<(string RefId, string Expression)> Queries { get; } = Json.TryGetProperty("targets", out JsonElement targets)
        ? [.. targets.EnumerateArray().Select(target => (target.GetProperty("refId").GetString()!, target.GetProperty("expr").GetString()!))]
        : [];

    public static IReadOnlyList<GrafanaPanel> Of(GrafanaBoard board) =>
        [.. board.Json.GetProperty("panels").EnumerateArray().Select(panel => new GrafanaPanel(
            board.Uid, panel.GetProperty("id").GetInt32(), panel.GetProperty("type").GetString()!, panel.GetProperty("title").GetString()!, panel))];

    public override string ToString() => $"{Board}: {Title}";

    private static int Number(JsonElement panel, string name) => panel.GetProperty("gridPos").GetProperty(name).GetInt32();
}
