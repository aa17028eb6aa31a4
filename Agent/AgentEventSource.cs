using System.Diagnostics.Tracing;

namespace Observability.Agent;

/// <summary>
/// What the agent reports about itself without a logger: <c>dotnet-trace collect --providers Observability-Agent</c>, or an EventListener.
/// Never per sample or batch.
/// </summary>
[EventSource(Name = "Observability-Agent")]
internal sealed class AgentEventSource : EventSource
{
    public static readonly AgentEventSource Log = new();

    private AgentEventSource()
    {
    }

    [Event(1, Level = EventLevel.Informational, Message = "{0}/{1} is {2}: {3}")]
    public void StateChanged(string service, string instance, string state, string message) =>
        WriteEvent(1, service, instance, state, message);

    [Event(2, Level = EventLevel.Error, Message = "{0}/{1} met a fault: {2}")]
    public void Fault(string service, string instance, string exception) => WriteEvent(2, service, instance, exception);

    [Event(3, Level = EventLevel.Warning, Message = "A handler of StateChanged of {0}/{1} threw: {2}")]
    public void StateHandlerThrew(string service, string instance, string exception) => WriteEvent(3, service, instance, exception);

    [Event(4, Level = EventLevel.Warning, Message = "{0}/{1}: the aggregator rejected {2} samples: {3}")]
    public void SamplesRejected(string service, string instance, long count, string message) =>
        WriteEvent(4, service, instance, count, message);
}
