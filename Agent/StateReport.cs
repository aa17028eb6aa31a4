namespace Observability.Agent;

/// <summary>
/// The agent's state, set by several threads and delivered in the order in which it was set. <see cref="AgentState.Faulted"/> is final. No lock is held while
/// a change is delivered, and whoever handles one may stop the agent and wait for it.
/// </summary>
internal sealed class StateReport(Action<AgentState, string> deliver)
{
    private readonly Lock _gate = new();
    private readonly Queue<(AgentState State, string Message)> _undelivered = new();
    private volatile AgentState _state;
    private string _message = "";
    private bool _isDelivering;

    public AgentState State => _state;

    /// <summary>Returns once the change is delivered, or another thread that is delivering will do it.</summary>
    public void Set(AgentState state, string message)
    {
        lock (_gate)
        {
            if (_state == AgentState.Faulted || (_state == state && _message == message))
            {
                return;
            }
            _state = state;
            _message = message;
            _undelivered.Enqueue((state, message));
            if (_isDelivering)
            {
                return;
            }
            _isDelivering = true;
        }
        while (TryTake(out (AgentState State, string Message) change))
        {
            deliver(change.State, change.Message);
        }
    }

    private bool TryTake(out (AgentState State, string Message) change)
    {
        lock (_gate)
        {
            _isDelivering = _undelivered.TryDequeue(out change);
            return _isDelivering;
        }
    }
}
