namespace Aspire.Hosting.ApplicationModel;

/// <summary>Stands for the address of an endpoint wherever a value is expected, before anybody knows the address.</summary>
public sealed class EndpointReference : IValueProvider, IManifestExpressionProvider
{
    internal EndpointReference(Resource resource, string endpointName)
    {
        Resource = resource;
        EndpointName = endpointName;
    }

    internal Resource Resource { get; }
    internal string EndpointName { get; }

    internal EndpointAnnotation Annotation => Resource.FindEndpoint(EndpointName)
        ?? throw new DistributedApplicationException(
            $"Cannot refer to endpoint '{EndpointName}' of resource '{Resource.Name}', because it has none of that name" +
            (Resource.Endpoints.Count == 0 ? "." : $". It has: {string.Join(", ", Resource.Endpoints.Select(endpoint => endpoint.Name))}."));

    internal int Port => Annotation.AllocatedPort
        ?? throw new InvalidOperationException(
            $"Cannot tell the address of endpoint '{EndpointName}' of resource '{Resource.Name}', because the graph has not been started.");

    internal string Url => string.Create(CultureInfo.InvariantCulture, $"{Annotation.UriScheme}://localhost:{Port}");

    /// <summary>Stands for a part of the address.</summary>
    public EndpointReferenceExpression Property(EndpointProperty property) => new(this, property);
    string IManifestExpressionProvider.ValueExpression => new EndpointReferenceExpression(this, EndpointProperty.Url).Expression;
    string? IValueProvider.GetValue() => Url;
}
