namespace Observability.AppHost.Running;

/// <summary>How a tool beside the product comes into the graph.</summary>
internal enum RunKind
{
    Container,
    Process,
    Off,
}
