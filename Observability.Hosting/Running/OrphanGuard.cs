namespace Aspire.Hosting.Running;

/// <summary>Ends the processes of a run when this host was killed and could not do it. On Unix a small shell watches a pipe that only
/// this process holds open; when it breaks, the shell ends every process that carries the run's mark. On Windows a job object does
/// it.</summary>
internal sealed class OrphanGuard(string runMark) : IDisposable
{
    private const string Done = "done";

    // Asks first, kills two seconds later. The mark comes by the pipe, so that it is not in the shell's own command line.
    private const string Script = """
        exec >/dev/null 2>&1
        trap '' INT TERM HUP QUIT
        read -r mark || exit 0
        while read -r line; do [ "$line" = done ] && exit 0; done
        members() {
            if [ -r /proc/self/stat ]; then grep -als -e "$mark" /proc/[0-9]*/environ | cut -d/ -f3
            else ps -Awwx -E -o pid=,command= | while read -r pid command; do case $command in *"$mark"*) echo "$pid";; esac; done; fi
        }
        send() { for pid in $(members); do kill -s "$1" "$pid"; done; }
        send TERM
        tries=20
        while [ $tries -gt 0 ] && [ -n "$(members)" ]; do tries=$((tries - 1)); sleep 0.1 || sleep 1; done
        send KILL
        send KILL
        for engine in docker podman; do
            command -v $engine && containers=$($engine ps -aq --filter "name=${mark#*=}") && [ -n "$containers" ] && $engine rm -f $containers
            command -v $engine && $engine network rm "embedded-host-${mark#*=}"
        done
        """;

    private readonly Lock _lock = new();
    private Process? _shell;
    private bool _disposed;

    public static OrphanGuard Start(string runMark)
    {
        var guard = new OrphanGuard(runMark);
        if (OperatingSystem.IsWindows())
        {
            WindowsJob.KillChildrenWithThisProcess();
        }
        else
        {
            guard.StartShell();
        }
        return guard;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
        }
        if (_shell is not null)
        {
            // Outside of the lock: the Exited event, which takes it, has to be over before the wait is.
            TryWrite(_shell, Done);
            _shell.WaitForExit();
            _shell.Dispose();
        }
    }

    private void StartShell()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }
            _shell?.Dispose();
            _shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script]) { RedirectStandardInput = true })
                ?? throw new UnreachableException("BUG: a new process was not started.");
            // The guard is a process like any other, which somebody may kill.
            _shell.Exited += (_, _) => StartShell();
            _shell.EnableRaisingEvents = true;
            TryWrite(_shell, $"{RunMark.Variable}={runMark}");
        }
    }

    private static void TryWrite(Process shell, string line)
    {
        try
        {
            shell.StandardInput.Write(line + "\n");
            shell.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It is gone; its Exited event starts another one.
        }
    }
}
