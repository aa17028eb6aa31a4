namespace Observability.Aggregator.Listening;

/// <summary>The three ports of the process. An endpoint answers on the one it is mapped to and on no other.</summary>
internal enum Listener
{
    Grpc,
    Web,
    Metrics,
}
