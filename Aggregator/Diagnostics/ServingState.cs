namespace Observability.Aggregator.Diagnostics;

/// <summary>
/// Whether this process takes work. It only moves forward: Starting, Serving, Draining. Written by the host's lifetime, read by anyone;
/// <see cref="Changed"/> is raised on the thread that moved it, after <see cref="Phase"/> shows the new phase.
/// </summary>
public sealed class ServingState
{
    private readonly Lock _moveLock = new();
    private int _phase;

    public event Action<ServingPhase>? Changed;

    public ServingPhase Phase => (ServingPhase)Volatile.Read(ref _phase);

    /// <summary>Moves on to a later phase; an earlier or equal one is ignored, so that a late start cannot undo a drain.</summary>
    public void MoveTo(ServingPhase phase)
    {
        lock (_moveLock)
        {
            if ((int)phase <= _phase)
            {
                return;
            }
            Volatile.Write(ref _phase, (int)phase);
        }
        Changed?.Invoke(phase);
    }
}
