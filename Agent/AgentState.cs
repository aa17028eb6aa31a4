namespace Observability.Agent;

/// <summary>What the agent's connection is doing.</summary>
public enum AgentState
{
    /// <summary>Not started.</summary>
    Created,

    /// <summary>Trying an aggregator.</summary>
    Connecting,

    /// <summary>An aggregator takes batches.</summary>
    Connected,

    /// <summary>No aggregator takes batches; the next attempt follows. Batches are kept in bounded memory meanwhile.</summary>
    Waiting,

    /// <summary>Ended by <see cref="TelemetryAgent.StopAsync"/> or disposal.</summary>
    Stopped,

    /// <summary>The agent met a fault of its own and went quiet; the program it runs in is not affected.</summary>
    Faulted,
}

/// <summary>A change of the agent's state, with a sentence that says why and what happens next.</summary>
public sealed class AgentStateChangedEventArgs(AgentState state, string message) : EventArgs
{
    /// <summary>The new state.</summary>
    public AgentState State { get; } = state;

    /// <summary>For people: what happened, and the remedy where one is known.</summary>
    public string Message { get; } = message;
}
