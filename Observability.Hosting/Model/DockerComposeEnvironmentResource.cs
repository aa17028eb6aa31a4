namespace Aspire.Hosting.Docker;

/// <summary>Says that the graph is published as a compose file. Without meaning in run mode.</summary>
public sealed class DockerComposeEnvironmentResource(string name) : Resource(name);
