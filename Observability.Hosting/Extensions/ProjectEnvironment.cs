namespace Aspire.Hosting;

/// <summary>The variables that every project gets.</summary>
internal static class ProjectEnvironment
{
    public static void Add(ProjectResource project, EnvironmentContext context)
    {
        context.Variables["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "in_memory";
        if (context.ExecutionContext.IsPublishMode)
        {
            if (project.Endpoints.Count > 0)
            {
                context.Variables["ASPNETCORE_FORWARDEDHEADERS_ENABLED"] = "true";
            }
            return;
        }
        EndpointAnnotation[] urls = [.. project.Endpoints.Where(IsToldByUrl)];
        if (urls.Length > 0)
        {
            context.Variables["ASPNETCORE_URLS"] = new RunValue(() => string.Join(';', urls.Select(
                endpoint => string.Create(CultureInfo.InvariantCulture, $"{endpoint.UriScheme}://localhost:{endpoint.AllocatedPort}"))));
        }
    }

    private static bool IsToldByUrl(EndpointAnnotation endpoint) =>
        endpoint.UriScheme is "http" or "https" && endpoint.PortVariable is null;

    /// <summary>A value of run mode only: it has no expression to publish.</summary>
    private sealed class RunValue(Func<string> compute) : IValueProvider
    {
        string? IValueProvider.GetValue() => compute();
    }
}
