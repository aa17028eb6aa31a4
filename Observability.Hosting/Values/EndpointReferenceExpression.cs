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

    string? IValueProvider.GetValue() => ValueAt(
        "localhost", Property == EndpointProperty.TargetPort && Endpoint.Resource is ContainerResource ? Endpoint.Annotation.TargetPort : Endpoint.Port);

    /// <summary>For those who reach the resource by this name and port.</summary>
    internal string ValueAt(string host, int? port) => Property switch
    {
        EndpointProperty.Url => string.Create(CultureInfo.InvariantCulture, $"{Endpoint.Annotation.UriScheme}://{host}:{port}"),
        EndpointProperty.TargetPort => string.Create(CultureInfo.InvariantCulture, $"{port}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{host}:{port}"),
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
