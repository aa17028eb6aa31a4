namespace Aspire.Hosting.ApplicationModel;

/// <summary>One part of an endpoint's address.</summary>
public sealed class EndpointReferenceExpression(EndpointReference endpoint, EndpointProperty property)
    : IValueProvider, IManifestExpressionProvider
{
    internal EndpointReference Endpoint { get; } = endpoint;
    internal EndpointProperty Property { get; } = property;

    internal string Expression => Property switch
    {
        EndpointProperty.Url => Part("url"),
        EndpointProperty.TargetPort => Part("targetPort"),
        EndpointProperty.HostAndPort => $"{Part("host")}:{Part("port")}",
        _ => throw new UnreachableException($"BUG: endpoint property {Property} has no name."),
    };

    string IManifestExpressionProvider.ValueExpression => Expression;

    string? IValueProvider.GetValue() => Property switch
    {
        EndpointProperty.Url => Endpoint.Url,
        EndpointProperty.TargetPort when Endpoint.Resource is ContainerResource => Endpoint.Annotation.TargetPort?.ToString(CultureInfo.InvariantCulture),
        EndpointProperty.TargetPort => Endpoint.Port.ToString(CultureInfo.InvariantCulture),
        _ => string.Create(CultureInfo.InvariantCulture, $"localhost:{Endpoint.Port}"),
    };

    private string Part(string name) => $"{{{Endpoint.Resource.Name}.bindings.{Endpoint.EndpointName}.{name}}}";
}

/// <summary>A part of an endpoint's address.</summary>
public enum EndpointProperty
{
    Url,
    TargetPort,
    HostAndPort,
}
