namespace Aspire.Hosting;

public static class DockerComposeEnvironmentExtensions
{
    /// <summary>Says that the graph is published as a compose file. In run mode it is no part of the graph.</summary>
    public static IResourceBuilder<DockerComposeEnvironmentResource> AddDockerComposeEnvironment(
        this IDistributedApplicationBuilder builder, string name)
    {
        var environment = new DockerComposeEnvironmentResource(name);
        return builder.ExecutionContext.IsRunMode
            ? new ResourceBuilder<DockerComposeEnvironmentResource>(builder, environment)
            : builder.AddResource(environment);
    }

    /// <summary>Whether Aspire's own dashboard is published too. This host has none to publish.</summary>
    public static IResourceBuilder<DockerComposeEnvironmentResource> WithDashboard(
        this IResourceBuilder<DockerComposeEnvironmentResource> builder, bool enabled)
    {
        if (enabled)
        {
            throw new DistributedApplicationException(
                "Cannot publish Aspire's dashboard, because this host has none. Say WithDashboard(false), or publish with -p:UseAspire=true.");
        }
        return builder;
    }
}
