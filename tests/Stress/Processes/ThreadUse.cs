using System.Globalization;

namespace Observability.Stress.Processes;

/// <summary>Processor time of a process's threads by their names, as Linux tells it; nothing elsewhere.</summary>
internal static class ThreadUse
{
    private const int TicksPerSecond = 100;         // USER_HZ, the same on every Linux that .NET runs on
    private const int UserTicksField = 11;          // counted behind the name, which may hold spaces

    /// <summary>Seconds of the threads whose name starts so. The kernel cuts names after 15 characters.</summary>
    public static double Seconds(int processId, string name)
    {
        string tasks = $"/proc/{processId}/task";
        if (!Directory.Exists(tasks))
        {
            return 0;
        }
        long ticks = 0;
        foreach (string task in Directory.GetDirectories(tasks))
        {
            ticks += Ticks(Path.Combine(task, "stat"), name);
        }
        return ticks / (double)TicksPerSecond;
    }

    /// <summary>How often the threads that are alive waited for something or were interrupted: each is a switch of the processor to another thread, or to none.</summary>
    public static long Switches(int processId)
    {
        string tasks = $"/proc/{processId}/task";
        return Directory.Exists(tasks) ? Directory.GetDirectories(tasks).Sum(task => Switches(Path.Combine(task, "status"))) : 0;
    }

    private static long Switches(string path)
    {
        try
        {
            return File.ReadLines(path)
                .Where(line => line.Contains("ctxt_switches:", StringComparison.Ordinal))
                .Sum(line => long.Parse(line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1).Trim(), CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return 0;           // the thread has ended since it was listed
        }
    }

    private static long Ticks(string path, string name)
    {
        try
        {
            string stat = File.ReadAllText(path);
            int end = stat.LastIndexOf(')');
            if (!stat.AsSpan(stat.IndexOf('(', StringComparison.Ordinal) + 1).StartsWith(name, StringComparison.Ordinal))
            {
                return 0;
            }
            string[] fields = stat[(end + 2)..].Split(' ');
            return long.Parse(fields[UserTicksField], CultureInfo.InvariantCulture) + long.Parse(fields[UserTicksField + 1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;           // the thread has ended since it was listed
        }
    }
}
