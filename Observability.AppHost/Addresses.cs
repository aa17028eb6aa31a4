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

    /// <summary>The addresses of one endpoint of several resources, separated by commas.</summary>
    public static ReferenceExpression Join(IEnumerable<IResourceBuilder<ProjectResource>> resources, string endpointName)
    {
        return resources
            .Select(resource => ReferenceExpression.Create($"{resource.GetEndpoint(endpointName)}"))
            .Aggregate((joined, next) => ReferenceExpression.Create($"{joined},{next}"));
    }
}
