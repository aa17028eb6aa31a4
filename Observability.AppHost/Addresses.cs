namespace Observability.AppHost;

internal static class Addresses
{
    /// <summary>The addresses of one endpoint of several resources, separated by commas.</summary>
    public static ReferenceExpression Join(IEnumerable<IResourceBuilder<ProjectResource>> resources, string endpointName)
    {
        return resources
            .Select(resource => ReferenceExpression.Create($"{resource.GetEndpoint(endpointName)}"))
            .Aggregate((joined, next) => ReferenceExpression.Create($"{joined},{next}"));
    }
}
