namespace Aspire.Hosting.Running;

/// <summary>A process and everything that came out of it: its descendants and, where the system lets us look, every process that
/// carries its mark, also when its parent is gone.</summary>
internal sealed partial class ProcessTree(int rootId, string mark)
{
    private const int SignalKill = 9;
    private const int SignalTerminate = 15;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(2);

    private readonly ProcessKey? _root = OperatingSystem.IsWindows() ? null : ProcessTable.Find(rootId);

    public bool IsRootGone => _root is { } root && !ProcessTable.IsAlive(root);

    /// <summary>Asks all members to end, and kills those that have not after <paramref name="grace"/>.</summary>
    public async Task EndAsync(TimeSpan grace)
    {
        if (OperatingSystem.IsWindows())
        {
            // Windows has no signal that asks a program without a window to end.
            KillByRuntime();
            return;
        }
        IReadOnlyList<ProcessKey> members = ProcessTable.Read().TreeOf(_root, mark);
        if (grace > TimeSpan.Zero)
        {
            Signal(members, SignalTerminate);
            members = await WaitUntilGoneAsync(members, grace);
        }
        // A member may have started another one meanwhile: look again until there is none.
        long deadline = Stopwatch.GetTimestamp() + (long)(KillTimeout.TotalSeconds * Stopwatch.Frequency);
        do
        {
            Signal(members, SignalKill);
            await WaitUntilGoneAsync(members, PollInterval * 5);
            members = ProcessTable.Read().TreeOf(_root, mark);
        }
        while (members.Count > 0 && Stopwatch.GetTimestamp() < deadline);
    }

    private static async Task<IReadOnlyList<ProcessKey>> WaitUntilGoneAsync(IReadOnlyList<ProcessKey> members, TimeSpan timeout)
    {
        long start = Stopwatch.GetTimestamp();
        List<ProcessKey> left = [.. members.Where(ProcessTable.IsAlive)];
        while (left.Count > 0 && Stopwatch.GetElapsedTime(start) < timeout)
        {
            await Task.Delay(PollInterval);
            left.RemoveAll(member => !ProcessTable.IsAlive(member));
        }
        return left;
    }

    private static void Signal(IReadOnlyList<ProcessKey> members, int signal)
    {
        foreach (ProcessKey member in members.Where(ProcessTable.IsAlive))
        {
            // Fails only when the process is gone, which is what we want.
            _ = Kill(member.Id, signal);
        }
    }

    private void KillByRuntime()
    {
        try
        {
            using var process = Process.GetProcessById(rootId);
            process.Kill(entireProcessTree: true);
        }
        catch (ArgumentException)
        {
            // There is no such process any more.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
