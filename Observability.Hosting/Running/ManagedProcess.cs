namespace Aspire.Hosting.Running;

/// <summary>A process that this host started, with all the processes that it started in turn.</summary>
internal sealed class ManagedProcess : IDisposable
{
    private static readonly TimeSpan OutputTimeout = TimeSpan.FromSeconds(1);

    private readonly Process _process;
    private readonly LaunchSpec _spec;
    private readonly ProcessTree _tree;
    private readonly Task _output;

    private ManagedProcess(Process process, LaunchSpec spec, Action<string, bool> onLine)
    {
        _spec = spec;
        _process = process;
        Id = process.Id;
        _tree = new ProcessTree(process.Id, spec.Environment[RunMark.Variable]);
        Exited = WaitForExitAsync();
        _output = Task.WhenAll(
            LinePump.RunAsync(process.StandardOutput.BaseStream, line => onLine(line, false)),
            LinePump.RunAsync(process.StandardError.BaseStream, line => onLine(line, true)));
    }

    public int Id { get; }

    /// <summary>Completes with the exit code. A signal counts as 128 and its number.</summary>
    public Task<int> Exited { get; }

    public static ManagedProcess Start(LaunchSpec spec, Action<string, bool> onLine)
    {
        // On Unix the shell is replaced by the program at once: same process, but deaf to the Ctrl-C that the terminal sends to all.
        // This host hears it, and ends the programs in their order.
        ProcessStartInfo startInfo = OperatingSystem.IsWindows()
            ? new ProcessStartInfo(spec.FileName, spec.Arguments)
            : new ProcessStartInfo("/bin/sh", ["-c", "trap '' INT QUIT; exec \"$0\" \"$@\"", spec.FileName, .. spec.Arguments]);
        startInfo.WorkingDirectory = spec.WorkingDirectory;
        // Nobody types into a resource. The pipe stays open: some programs take the end of their input for the end of their work.
        startInfo.RedirectStandardInput = true;
        startInfo.RedirectStandardOutput = true;
        startInfo.RedirectStandardError = true;
        LaunchSpecFactory.RemoveMisleading(startInfo.Environment);
        foreach ((string name, string value) in spec.Environment)
        {
            startInfo.Environment[name] = value;
        }
        try
        {
            var process = Process.Start(startInfo) ?? throw new UnreachableException("BUG: a new process was not started.");
            return new ManagedProcess(process, spec, onLine);
        }
        catch (Win32Exception exception)
        {
            throw new DistributedApplicationException($"Cannot start {spec.FileName}: {exception.Message}.", exception);
        }
    }

    /// <summary>Whether the process is gone, also when the system has not told us yet.</summary>
    public bool HasEnded => Exited.IsCompleted || _tree.IsRootGone;

    /// <summary>Asks the whole tree to end, then kills what is left after <paramref name="grace"/>. Returns when nothing is left.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        await _tree.EndAsync(grace);
        await Exited;
        await Task.Run(() => _spec.Remove?.Invoke());
        await DrainAsync();
    }

    public void Dispose() => _process.Dispose();

    private async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    private async Task DrainAsync()
    {
        // A process that escaped from the tree may hold the pipe open for ever; its output is not waited for.
        await Task.WhenAny(_output, Task.Delay(OutputTimeout));
    }
}
