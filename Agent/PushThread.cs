namespace Observability.Agent;

/// <summary>
/// Calls the push every interval, on a thread of its own, so that a program whose thread pool is exhausted is still measured. The schedule is
/// absolute: a late push does not delay the ones after it, and missed ones are left out.
/// </summary>
internal sealed class PushThread(TimeSpan interval, Action push, Action<Exception> onFault) : IDisposable
{
    private readonly ManualResetEventSlim _stop = new(initialState: false, spinCount: 0);
    private Thread? _thread;

    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "telemetry-push" };
        _thread.Start();
    }

    /// <summary>Ends after one last push.</summary>
    public void Stop()
    {
        _stop.Set();
        _thread?.Join();
    }

    public void Dispose()
    {
        Stop();
        _stop.Dispose();
    }

    private void Run()
    {
        try
        {
            double intervalMs = interval.TotalMilliseconds;
            double nextMs = Environment.TickCount64 + intervalMs;
            bool isStopping = false;
            while (!isStopping)
            {
                double nowMs = Environment.TickCount64;
                nextMs = nextMs < nowMs - intervalMs ? nowMs + intervalMs : nextMs;
                isStopping = _stop.Wait((int)Math.Max(0, nextMs - nowMs));
                nextMs += intervalMs;
                push();
            }
        }
        catch (Exception fault)
        {
            // A bug of ours: the agent goes quiet, its host goes on.
            onFault(fault);
        }
    }
}
