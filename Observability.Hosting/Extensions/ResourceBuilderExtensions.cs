namespace Aspire.Hosting;

/// <summary>What can be said of a resource of any kind that has the means for it.</summary>
public static partial class ResourceBuilderExtensions
{
    private const int OkStatusCode = 200;

    /// <summary>Holds back the start of this resource until <paramref name="dependency"/> runs and is healthy.</summary>
    public static IResourceBuilder<T> WaitFor<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency)
        where T : IResourceWithWaitSupport =>
        builder.Change(resource => resource.Waits.Add(new WaitAnnotation(Model(dependency))));

    /// <summary>The resource is healthy when this path answers with this status.</summary>
    public static IResourceBuilder<T> WithHttpHealthCheck<T>(
        this IResourceBuilder<T> builder, string? path = null, int? statusCode = null, string? endpointName = null)
        where T : IResourceWithEndpoints
    {
        Resource resource = Model(builder);
        string name = endpointName ?? (resource.FindEndpoint("http") is null ? "https" : "http");
        var endpoint = new EndpointReference(resource, name);
        if (endpoint.Annotation.UriScheme is not ("http" or "https"))
        {
            throw new DistributedApplicationException(
                $"Cannot check the health of '{resource.Name}' at endpoint '{name}', because it does not speak HTTP.");
        }
        resource.HealthChecks.Add(new HttpHealthCheck(endpoint, path ?? "/", statusCode ?? OkStatusCode));
        return builder;
    }

    /// <summary>Adds to the command line: strings, or values that are known only when the graph runs.</summary>
    public static IResourceBuilder<T> WithArgs<T>(this IResourceBuilder<T> builder, params object[] args)
        where T : IResourceWithArgs =>
        builder.Change(resource => resource.Arguments.AddRange(args));

    /// <summary>Calls back each time before a process of the resource is started, when all addresses are known.</summary>
    public static IResourceBuilder<T> OnBeforeResourceStarted<T>(
        this IResourceBuilder<T> builder, Func<T, BeforeResourceStartedEvent, CancellationToken, Task> callback)
        where T : IResource =>
        builder.Change(resource => resource.BeforeStart.Add(stop => callback(builder.Resource, new BeforeResourceStartedEvent(), stop)));

    /// <summary>What is shown of a resource that this host does not run.</summary>
    public static IResourceBuilder<T> WithInitialState<T>(this IResourceBuilder<T> builder, CustomResourceSnapshot initialSnapshot)
        where T : IResource =>
        builder.Change(resource => resource.InitialState = initialSnapshot.State);

    /// <summary>When published, the files that <paramref name="source"/> builds are put into this resource's image. Without meaning in run mode.</summary>
    public static IResourceBuilder<T> PublishWithContainerFiles<T>(
        this IResourceBuilder<T> builder, IResourceBuilder<IResourceWithContainerFiles> source, string destinationPath)
        where T : IContainerFilesDestinationResource
    {
        if (builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            Model(builder).ContainerFiles.Add(new ContainerFilesDestination((Resource)source.Resource, destinationPath));
        }
        return builder;
    }

    private static IResourceBuilder<T> Change<T>(this IResourceBuilder<T> builder, Action<Resource> change)
        where T : IResource
    {
        change(Model(builder));
        return builder;
    }

    /// <summary>Every resource is a <see cref="Resource"/>; the interfaces only say what may be asked of it.</summary>
    private static Resource Model<T>(IResourceBuilder<T> builder)
        where T : IResource =>
        (Resource)(object)builder.Resource;
}
