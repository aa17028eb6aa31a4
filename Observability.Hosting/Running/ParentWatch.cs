namespace Aspire.Hosting.Running;

/// <summary>When <c>dotnet run</c> started this host and is killed, nobody is left to press Ctrl-C: the graph is stopped then. A host
/// that was started in any other way may outlive its parent.</summary>
internal sealed partial class ParentWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Timer? _timer;

    public ParentWatch(IHostApplicationLifetime lifetime)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        int parentId = GetParentId();
        if (IsDotnet(parentId))
        {
            _timer = new Timer(
                _ =>
                {
                    if (GetParentId() != parentId)
                    {
                        lifetime.StopApplication();
                    }
                },
                null, Interval, Interval);
        }
    }

    public void Dispose() => _timer?.Dispose();

    private static bool IsDotnet(int processId)
    {
        try
        {
            using var parent = Process.GetProcessById(processId);
            return parent.ProcessName == "dotnet";
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // It is gone already.
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetParentId();
}
