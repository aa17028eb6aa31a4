using System.Globalization;

namespace Integration.Tests.Hosts;

/// <summary>A process of this machine, told from a later one of the same number by when it started.</summary>
internal sealed record ProcessFamily(int Id, string StartTime, string Command)
{
    public bool IsAlive => Read(Id) is { } now && now.Process.StartTime == StartTime;

    /// <summary>The programs that a process started itself, apart from the shell by which the host guards against its own end.</summary>
    public static IReadOnlyList<ProcessFamily> ProgramsOf(int parentId) =>
        [.. All().Where(row => row.ParentId == parentId && !row.Process.Command.StartsWith("/bin/sh -c exec >/dev/null", StringComparison.Ordinal))
            .Select(row => row.Process)];

    /// <summary>Everything that came out of a process, however far down.</summary>
    public static IReadOnlyList<ProcessFamily> DescendantsOf(int rootId)
    {
        (ProcessFamily Process, int ParentId)[] rows = [.. All()];
        var found = new List<ProcessFamily>();
        var open = new Queue<int>([rootId]);
        while (open.TryDequeue(out int id))
        {
            foreach ((ProcessFamily process, int parentId) in rows.Where(row => row.ParentId == id))
            {
                found.Add(process);
                open.Enqueue(process.Id);
            }
        }
        return found;
    }

    private static IEnumerable<(ProcessFamily Process, int ParentId)> All() => Directory.EnumerateDirectories("/proc")
        .Select(directory => int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out int id) ? Read(id) : null)
        .OfType<(ProcessFamily, int)>();

    private static (ProcessFamily Process, int ParentId)? Read(int id)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{id}/stat");
            // "pid (name) state ppid … starttime …"
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            string command = File.ReadAllText($"/proc/{id}/cmdline").Replace('\0', ' ');
            return fields[0] is "Z" or "X" ? null : (new ProcessFamily(id, fields[19], command), int.Parse(fields[1], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            // Gone meanwhile.
            return null;
        }
    }
}
