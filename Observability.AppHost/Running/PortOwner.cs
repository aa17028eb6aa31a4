using System.Diagnostics;
using System.Globalization;

namespace Observability.AppHost.Running;

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
        int? id = FindByProc(port);
        return id is { } processId
            ? string.Create(CultureInfo.InvariantCulture, $"pid {processId} ({CommandOf(processId)})")
            : "a process that this system does not tell";
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

    private static IEnumerable<int> ProcessIds() =>
        Directory.EnumerateDirectories("/proc")
            .Select(directory => int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out int id) ? id : 0)
            .Where(id => id != 0);

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
