using System.Diagnostics;
using System.Globalization;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>One part of an endpoint's address.</summary>
internal sealed class EndpointReferenceExpression(EndpointReference endpoint, EndpointProperty property)
    : IValueProvider, IManifestExpressionProvider
{
    public EndpointReference Endpoint { get; } = endpoint;

    public EndpointProperty Property { get; } = property;

    public string Expression => $"{{{Endpoint.Resource.Name}.bindings.{Endpoint.EndpointName}.{PropertyName}}}";

    string IManifestExpressionProvider.ValueExpression => Expression;

    private string PropertyName => Property switch
    {
        EndpointProperty.Url => "url",
        EndpointProperty.TargetPort => "targetPort",
        _ => throw new UnreachableException($"BUG: endpoint property {Property} has no name."),
    };

    string? IValueProvider.GetValue()
    {
        return Property == EndpointProperty.Url ? Endpoint.Url : Endpoint.Port.ToString(CultureInfo.InvariantCulture);
    }
}
