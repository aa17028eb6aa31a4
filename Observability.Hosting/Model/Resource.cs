namespace Aspire.Hosting.ApplicationModel;

/// <summary>Base of every resource. What the <c>With…</c> methods configure is kept here, in the order of the calls.</summary>
public abstract class Resource : IResource
{
    private const int NameLengthMax = 64;

    protected Resource(string name)
    {
        ThrowIfInvalid(name);
        Name = name;
    }

    internal string Name { get; }
    string IResource.Name => Name;

    /// <summary>The resource that this one belongs to, as an installer belongs to its application.</summary>
    internal Resource? Parent { get; init; }
    internal List<EndpointAnnotation> Endpoints { get; } = [];
    internal List<Action<EnvironmentContext>> Environment { get; } = [];

    /// <summary>Strings, or values known only when the graph runs.</summary>
    internal List<object> Arguments { get; } = [];

    /// <summary>Called each time before a process of the resource is started.</summary>
    internal List<Func<CancellationToken, Task>> BeforeStart { get; } = [];

    /// <summary>What is said of a resource that has no process: state and, behind a colon, the reason.</summary>
    internal string? InitialState { get; set; }
    internal List<Action<DockerComposeServiceResource, Docker.Resources.ComposeNodes.Service>> ComposeCallbacks { get; } = [];
    internal List<WaitAnnotation> Waits { get; } = [];
    internal List<HttpHealthCheck> HealthChecks { get; } = [];
    internal List<ContainerFilesDestination> ContainerFiles { get; } = [];
    internal int Replicas { get; set; } = 1;

    internal EndpointAnnotation? FindEndpoint(string name) =>
        Endpoints.Find(endpoint => string.Equals(endpoint.Name, name, StringComparison.OrdinalIgnoreCase));

    private static void ThrowIfInvalid(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        bool valid = name.Length <= NameLengthMax
            && char.IsAsciiLetter(name[0])
            && name[^1] != '-'
            && !name.Contains("--", StringComparison.Ordinal)
            && name.All(character => char.IsAsciiLetterOrDigit(character) || character == '-');
        if (!valid)
        {
            throw new ArgumentException(
                $"Cannot name a resource '{name}'. A name has at most {NameLengthMax} ASCII letters, digits and single hyphens, " +
                "begins with a letter and does not end with a hyphen.",
                nameof(name));
        }
    }
}
