namespace Aspire.Hosting.Running;

/// <summary>Names a process for good: a number is used again, a number with its start time is not.</summary>
internal readonly record struct ProcessKey(int Id, string StartTime);

/// <summary>The processes of this machine at one moment: from /proc where there is one, else from <c>ps</c>, which tells no marks.</summary>
internal sealed class ProcessTable(List<ProcessTable.Row> rows)
{
    private const string ProcDirectory = "/proc";

    private static bool HasProc { get; } = File.Exists("/proc/self/stat");
    public static ProcessTable Read() => new(HasProc ? ReadProc() : ReadPs());
    public static ProcessKey? Find(int id) => ReadRow(id)?.Key;
    public static bool IsAlive(ProcessKey key) => ReadRow(key.Id) is { IsZombie: false } row && row.Key == key;

    public IReadOnlyList<ProcessKey> TreeOf(ProcessKey? root, string mark)
    {
        var ids = new HashSet<int>(Marked(candidate => candidate == mark).Select(key => key.Id));
        if (root is { } rootKey && IsAlive(rootKey))
        {
            ids.Add(rootKey.Id);
        }
        int countBefore;
        do
        {
            countBefore = ids.Count;
            foreach (Row row in rows)
            {
                if (ids.Contains(row.ParentId))
                {
                    ids.Add(row.Key.Id);
                }
            }
        }
        while (ids.Count > countBefore);
        return [.. rows.Where(row => ids.Contains(row.Key.Id) && !row.IsZombie).Select(row => row.Key)];
    }

    /// <summary>The processes with a mark that is looked for, where the system tells it.</summary>
    public IReadOnlyList<ProcessKey> Marked(Predicate<string> isWanted) =>
        HasProc ? [.. rows.Where(row => !row.IsZombie && MarkOf(row.Key.Id) is { } mark && isWanted(mark)).Select(row => row.Key)] : [];

    private static string? MarkOf(int processId)
    {
        const string Prefix = RunMark.Variable + "=";
        try
        {
            string environment = Encoding.UTF8.GetString(File.ReadAllBytes($"{ProcDirectory}/{processId}/environ"));
            return environment.Split('\0').FirstOrDefault(entry => entry.StartsWith(Prefix, StringComparison.Ordinal))?[Prefix.Length..];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone meanwhile, or another user's: not one of ours.
            return null;
        }
    }

    private static Row? ReadRow(int id) => HasProc ? ReadProcRow(id) : ReadPs().Find(row => row.Key.Id == id);

    private static List<Row> ReadProc()
    {
        var rows = new List<Row>();
        foreach (string directory in Directory.EnumerateDirectories(ProcDirectory))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out int id) && ReadProcRow(id) is { } row)
            {
                rows.Add(row);
            }
        }
        return rows;
    }

    private static Row? ReadProcRow(int id)
    {
        try
        {
            string stat = File.ReadAllText($"{ProcDirectory}/{id}/stat");
            // "pid (name) state ppid … starttime …", where the name may itself have blanks and brackets in it.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return new Row(new ProcessKey(id, fields[19]), int.Parse(fields[1], CultureInfo.InvariantCulture), fields[0] is "Z" or "X");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static List<Row> ReadPs()
    {
        var startInfo = new ProcessStartInfo("ps", ["-A", "-o", "pid=,ppid=,stat=,lstart="]) { RedirectStandardOutput = true };
        using var ps = Process.Start(startInfo) ?? throw new UnreachableException("BUG: a new process was not started.");
        var rows = new List<Row>();
        while (ps.StandardOutput.ReadLine() is { } line)
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 3 && int.Parse(fields[0], CultureInfo.InvariantCulture) is var id && id != ps.Id)
            {
                var key = new ProcessKey(id, string.Join(' ', fields.Skip(3)));
                rows.Add(new Row(key, int.Parse(fields[1], CultureInfo.InvariantCulture), fields[2].StartsWith('Z')));
            }
        }
        return rows;
    }

    internal sealed record Row(ProcessKey Key, int ParentId, bool IsZombie);
}
