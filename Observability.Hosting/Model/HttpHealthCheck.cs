namespace Aspire.Hosting.ApplicationModel;

/// <summary>A resource is healthy when this path of this endpoint answers with this status.</summary>
internal sealed record HttpHealthCheck(EndpointReference Endpoint, string Path, int StatusCode);
