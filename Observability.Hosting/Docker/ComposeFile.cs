namespace Aspire.Hosting.Docker.Resources;

/// <summary>The document docker-compose.yaml.</summary>
internal sealed class ComposeFile
{
    public OrderedDictionary<string, ComposeNodes.Service> Services { get; } = [];
    public OrderedDictionary<string, Driven> Networks { get; } = [];
    public OrderedDictionary<string, Driven> Volumes { get; } = [];

    internal sealed record Driven(string Driver);
}
