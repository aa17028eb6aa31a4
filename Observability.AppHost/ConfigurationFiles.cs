using System.Text.Json;

namespace Observability.AppHost;

/// <summary>The configuration of tools, which lives in this repository and is copied to where it is used.</summary>
internal static class ConfigurationFiles
{
    /// <summary>Copies all files; <paramref name="change"/> is applied to the text of each, null copies them as they are.</summary>
    public static void Copy(string source, string target, Func<string, string>? change = null)
    {
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
            if (change is not null)
            {
                File.WriteAllText(copy, change(File.ReadAllText(copy)));
            }
        }
    }

    /// <summary>Writes what prometheus.yml reads by <c>file_sd_configs: targets/*.json</c>.</summary>
    public static void WriteTargets(string directory, IEnumerable<string> addresses)
    {
        string targets = Path.Combine(directory, "targets");
        Directory.CreateDirectory(targets);
        File.WriteAllText(Path.Combine(targets, "aggregators.json"), JsonSerializer.Serialize(new[] { new { targets = addresses } }) + "\n");
    }
}
