namespace Aspire.Hosting.ApplicationModel;

internal enum EndpointProperty
{
    Url,
    TargetPort,
}
