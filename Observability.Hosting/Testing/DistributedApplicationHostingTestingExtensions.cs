namespace Aspire.Hosting.Testing;

public static class DistributedApplicationHostingTestingExtensions
{
    /// <summary>A client whose base address is an endpoint of the running graph; without a name, its http endpoint.</summary>
    public static HttpClient CreateHttpClient(this DistributedApplication app, string resourceName, string? endpointName = default) =>
        new HttpClient { BaseAddress = app.GetEndpoint(resourceName, endpointName) };

    /// <summary>The address of an endpoint of the running graph; without a name, of its http endpoint.</summary>
    public static Uri GetEndpoint(this DistributedApplication app, string resourceName, string? endpointName = default)
    {
        IReadOnlyList<Resource> resources = app.Services.GetRequiredService<GraphRunner>().Resources;
        Resource resource = resources.FirstOrDefault(resource => string.Equals(resource.Name, resourceName, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException(
                $"Cannot find resource '{resourceName}'. The graph has: {string.Join(", ", resources.Select(resource => resource.Name))}.",
                nameof(resourceName));
        string name = endpointName ?? (resource.FindEndpoint("http") is null ? "https" : "http");
        return new Uri(new EndpointReference(resource, name).Url);
    }
}
