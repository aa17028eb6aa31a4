using System.Diagnostics;
using System.Globalization;

namespace Integration.Tests.Hosts;

/// <summary>A process of this machine, told from a later one of the same number by when it started.</summary>
internal sealed record RunningProcess(int Id, string StartTime, string Command)
{
    public bool IsAlive => Read(Id) is { } now && now.StartTime == StartTime;

    /// <summary>All processes that have a variable with this value in their environment.</summary>
    public static IEnumerable<RunningProcess> WithVariable(string name, string value) => Directory.EnumerateDirectories("/proc")
        .Select(directory => int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out int id) ? id : 0)
        .Where(id => id != 0 && EnvironmentOf(id).GetValueOrDefault(name) == value)
        .Select(Read).OfType<RunningProcess>();

    public static IReadOnlyDictionary<string, string> EnvironmentOf(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/environ").Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2))
                .Where(pair => pair.Length == 2).DistinctBy(pair => pair[0]).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone meanwhile, or another user's.
            return new Dictionary<string, string>();
        }
    }

    /// <summary>As kill -9 does.</summary>
    public void Kill()
    {
        using var process = Process.GetProcessById(Id);
        process.Kill();
    }

    private static RunningProcess? Read(int id)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{id}/stat");
            // "pid (name) state ppid … starttime …"
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            string command = File.ReadAllText($"/proc/{id}/cmdline").Replace('\0', ' ');
            return fields[0] is "Z" or "X" ? null : new RunningProcess(id, fields[19], command);
        }
        catch (IOException)
        {
            // Gone meanwhile.
            return null;
        }
    }
}
