using Observability.Agent.Batching;

namespace Observability.Agent;

/// <summary>The spill file, as the program sees it.</summary>
public sealed partial class TelemetryAgent
{
    private volatile string? _spillFault;

    /// <summary>Why the spill file cannot be used at the moment, and what to do; null: all is well, or there is none.</summary>
    public string? SpillFault => _spillFault;

    /// <summary>
    /// Raised when the spill file fails, is in order again, or held what an earlier process left; on a thread of the agent. An exception thrown by a handler is
    /// reported as an event of the event source Observability-Agent and goes no further.
    /// </summary>
    public event EventHandler<AgentSpillEventArgs>? SpillReported;

    private SpillThread CreateSpillThread(SpillStage stage) => new(
        _log, stage, new SpillFile(_options.SpillPath, _options.SpillBytesMax, SessionId), _exchange.Wake.Set, OnSpill, OnFault);

    private void OnSpill(bool isFault, string message)
    {
        _spillFault = isFault ? message : null;
        AgentEventSource.Log.SpillReported(ServiceName, InstanceId, message);
        try
        {
            SpillReported?.Invoke(this, new AgentSpillEventArgs(isFault, message));
        }
        catch (Exception thrown)
        {
            // The program's own handler: reported, and kept away from the spill.
            AgentEventSource.Log.StateHandlerThrew(ServiceName, InstanceId, thrown.ToString());
        }
    }
}

/// <summary>What <see cref="TelemetryAgent.SpillReported"/> tells.</summary>
public sealed class AgentSpillEventArgs(bool isFault, string message) : EventArgs
{
    /// <summary>The spill file cannot be used.</summary>
    public bool IsFault { get; } = isFault;

    /// <summary>One line: what happened, what becomes of the batches, and what to do.</summary>
    public string Message { get; } = message;
}
