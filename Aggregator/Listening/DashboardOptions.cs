using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Listening;

/// <summary>DASHBOARD_PATH: where the built page is.</summary>
internal sealed class DashboardOptions
{
    private const string PathName = "DASHBOARD_PATH";

    /// <summary>Null: it is looked for, see <see cref="DashboardFiles"/>.</summary>
    [ConfigurationKeyName(PathName)] public string? Path { get; set; }

    public static bool HasPage(string folder) => File.Exists(System.IO.Path.Combine(folder, "index.html"));

    public void Normalize()
    {
        string path = Path?.Trim() ?? "";
        Path = path.Length == 0 ? null
            : HasPage(path) ? System.IO.Path.GetFullPath(path)
            : throw new RefusedSettingException(PathName, path, "a folder that holds the built page (index.html)");
    }
}
