namespace Aspire.Hosting;

/// <summary>Collects the resources of a graph.</summary>
public interface IDistributedApplicationBuilder
{
    ConfigurationManager Configuration { get; }
    DistributedApplicationExecutionContext ExecutionContext { get; }
    IServiceCollection Services { get; }
    internal IHostEnvironment Environment { get; }

    /// <summary>Relative paths in the graph are relative to this directory.</summary>
    string AppHostDirectory { get; }
    internal IReadOnlyList<Resource> Resources { get; }

    DistributedApplication Build();

    IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource;
}
