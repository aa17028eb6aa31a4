namespace Aspire.Hosting.Running;

/// <summary>Tells who listens on a port, in words: «pid 4711 (node server.js)».</summary>
internal static class PortOwner
{
    private const int CommandCharactersMax = 100;
    private const int LocalAddressField = 1;
    private const int StateField = 3;
    private const int InodeField = 9;
    private const string ListenState = "0A";

    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    public static string Describe(int port)
    {
        int? id = File.Exists("/proc/net/tcp") ? FindByProc(port) : FindByTool(port);
        return id is { } processId
            ? string.Create(CultureInfo.InvariantCulture, $"pid {processId} ({CommandOf(processId)})")
            : "a process that this user may not look at";
    }

    private static int? FindByProc(int port)
    {
        var sockets = new HashSet<string>();
        foreach (string table in Tables.Where(File.Exists))
        {
            foreach (string line in File.ReadLines(table).Skip(1))
            {
                string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                string portText = fields[LocalAddressField].Split(':')[1];
                if (fields[StateField] == ListenState && int.Parse(portText, NumberStyles.HexNumber, CultureInfo.InvariantCulture) == port)
                {
                    sockets.Add($"socket:[{fields[InodeField]}]");
                }
            }
        }
        return ProcessIds().Where(id => HoldsAny(id, sockets)).Select(id => (int?)id).FirstOrDefault();
    }

    private static IEnumerable<int> ProcessIds()
    {
        return Directory.EnumerateDirectories("/proc")
            .Select(directory => int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out int id) ? id : 0)
            .Where(id => id != 0);
    }

    private static bool HoldsAny(int processId, HashSet<string> sockets)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{processId}/fd")
                .Any(path => new FileInfo(path).LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone meanwhile, or another user's.
            return false;
        }
    }

    private static int? FindByTool(int port)
    {
        (string program, string[] arguments) = OperatingSystem.IsWindows()
            ? ("netstat", new[] { "-ano", "-p", "TCP" })
            : ("lsof", ["-nP", "-t", $"-iTCP:{port}", "-sTCP:LISTEN"]);
        if (ProgramPath.Find(program) is not { } path)
        {
            return null;
        }
        using var tool = Process.Start(new ProcessStartInfo(path, arguments) { RedirectStandardOutput = true });
        string output = tool?.StandardOutput.ReadToEnd() ?? "";
        string? answer = OperatingSystem.IsWindows()
            ? output.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .FirstOrDefault(fields => fields.Length > 4 && fields[1].EndsWith($":{port}", StringComparison.Ordinal) && fields[3] == "LISTENING")?[4]
            : output.Split('\n')[0];
        return int.TryParse(answer, CultureInfo.InvariantCulture, out int id) ? id : null;
    }

    private static string CommandOf(int processId)
    {
        try
        {
            string command = File.Exists($"/proc/{processId}/cmdline")
                ? File.ReadAllText($"/proc/{processId}/cmdline").Replace('\0', ' ').Trim()
                : Process.GetProcessById(processId).ProcessName;
            return command.Length <= CommandCharactersMax ? command : command[..CommandCharactersMax] + "…";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
        {
            return "its name is not known";
        }
    }
}
