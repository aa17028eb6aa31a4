namespace Observability.Aggregator.Diagnostics;

/// <summary>
/// A thread that makes passes until the process stops. Nothing in a pass is expected to fail: one that does ends the process, because a feature
/// that silently stands still would be worse. What it does between passes, and how it is woken, is its owner's.
/// </summary>
internal sealed partial class LoopThread(string name, IHostApplicationLifetime lifetime, ILogger logger)
{
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isStopping;

    /// <summary>Completes after the last pass.</summary>
    public Task Stopped => _stopped.Task;

    public void Start(Action pass, ThreadPriority priority = ThreadPriority.Normal) =>
        new Thread(() => Run(pass)) { Name = name, IsBackground = true, Priority = priority }.Start();

    /// <summary><paramref name="wake"/> ends the wait between two passes.</summary>
    public Task StopAsync(Action wake, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _isStopping, true);
        wake();
        return _stopped.Task.WaitAsync(cancellationToken);
    }

    private void Run(Action pass)
    {
        try
        {
            while (!Volatile.Read(ref _isStopping))
            {
                pass();
            }
        }
        catch (Exception exception)
        {
            Log.Bug(logger, exception, name);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
        finally
        {
            _stopped.SetResult();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Critical, "BUG: {Loop} failed. The process stops.")]
        public static partial void Bug(ILogger logger, Exception exception, string loop);
    }
}
