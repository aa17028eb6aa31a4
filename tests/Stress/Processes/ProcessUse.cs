using System.Diagnostics;
using System.Globalization;

namespace Observability.Stress.Processes;

/// <summary>What one process takes, read from outside: processor time, resident memory, open files and sockets.</summary>
internal readonly record struct ProcessUse(TimeSpan Cpu, long ResidentBytes, long OwnBytes, int Handles)
{
    private const string OwnLine = "RssAnon:";

    public double Megabytes => ResidentBytes / (1024.0 * 1024.0);

    /// <summary>Without the program's files that are mapped, which processes share.</summary>
    public double OwnMegabytes => OwnBytes / (1024.0 * 1024.0);

    public static ProcessUse Of(int processId)
    {
        using Process process = Process.GetProcessById(processId);
        return new ProcessUse(
            process.TotalProcessorTime, process.WorkingSet64, Own(processId) ?? process.PrivateMemorySize64, Opened(processId) ?? process.HandleCount);
    }

    /// <summary>Open file descriptors, as Linux tells them, without libraries: the runtime keeps those it has loaded, some of them late.</summary>
    private static int? Opened(int processId)
    {
        var folder = new DirectoryInfo($"/proc/{processId}/fd");
        return folder.Exists ? folder.EnumerateFileSystemInfos().Count(file => file.LinkTarget?.EndsWith(".dll", StringComparison.Ordinal) != true) : null;
    }

    /// <summary>Anonymous resident memory, as Linux tells it.</summary>
    private static long? Own(int processId)
    {
        string path = $"/proc/{processId}/status";
        string? line = File.Exists(path) ? File.ReadLines(path).FirstOrDefault(line => line.StartsWith(OwnLine, StringComparison.Ordinal)) : null;
        return line is null ? null : long.Parse(line.AsSpan(OwnLine.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) * 1024;
    }
}
