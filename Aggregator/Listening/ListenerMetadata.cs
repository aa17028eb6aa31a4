namespace Observability.Aggregator.Listening;

/// <summary>The port that an endpoint answers on.</summary>
internal sealed record ListenerMetadata(Listener Listener);
