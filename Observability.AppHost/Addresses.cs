namespace Observability.AppHost;

internal static class Addresses
{
    /// <summary>Tells a resource the endpoints of several others.</summary>
    public static IResourceBuilder<T> WithReferences<T>(
        this IResourceBuilder<T> builder, IEnumerable<IResourceBuilder<IResourceWithServiceDiscovery>> sources)
        where T : IResourceWithEnvironment
    {
        foreach (IResourceBuilder<IResourceWithServiceDiscovery> source in sources)
        {
            builder.WithReference(source);
        }
        return builder;
    }

    /// <summary>Holds a resource back until several others are healthy.</summary>
    public static IResourceBuilder<T> WaitForAll<T>(this IResourceBuilder<T> builder, IEnumerable<IResourceBuilder<IResource>> dependencies)
        where T : IResourceWithWaitSupport
    {
        foreach (IResourceBuilder<IResource> dependency in dependencies)
        {
            builder.WaitFor(dependency);
        }
        return builder;
    }

    /// <summary>One endpoint of several resources, or a part of its address, separated by commas.</summary>
    public static ReferenceExpression Join(
        IEnumerable<IResourceBuilder<ProjectResource>> resources, string endpointName, EndpointProperty part = EndpointProperty.Url)
    {
        return resources
            .Select(resource => ReferenceExpression.Create($"{resource.GetEndpoint(endpointName).Property(part)}"))
            .Aggregate((joined, next) => ReferenceExpression.Create($"{joined},{next}"));
    }

    /// <summary>Lets a container find this machine as host.docker.internal: Docker Desktop and podman know the name by themselves, Docker on Linux by this.</summary>
    public static IResourceBuilder<ContainerResource> WithHostAddress(this IResourceBuilder<ContainerResource> container) =>
        container.WithContainerRuntimeArgs("--add-host", "host.docker.internal:host-gateway");
}
