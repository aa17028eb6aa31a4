



namespace Observability.AppHost.Compose;

/// <summary>What a published compose file says beyond the graph, so that it runs as it is and keeps running.</summary>
internal static class ComposeExtensions
{
    /// <summary>A service that comes back by itself, uses no more than <paramref name="memory"/> and waits until others are healthy.</summary>
    public static IResourceBuilder<T> PublishAsService<T>(
        this IResourceBuilder<T> builder, string memory, string? processors = null, int? replicas = null)
        where T : IComputeResource
    {
        return builder.PublishAsDockerComposeService((_, service) =>
        {
            service.Restart = "unless-stopped";
            service.SecurityOpt = ["no-new-privileges:true"];
            service.Deploy = new Deploy
            {
                Replicas = replicas,
                Resources = new Resources { Limits = new ResourceSpec { Cpus = processors, Memory = memory } },
            };
            foreach (ServiceDependency dependency in service.DependsOn.Values)
            {
                dependency.Condition = "service_healthy";
            }
        });
    }

    /// <summary>One of our own programs: its image can be named in .env, and it writes nowhere but to a temporary directory in memory.</summary>
    public static IResourceBuilder<ProjectResource> PublishAsOwnService(
        this IResourceBuilder<ProjectResource> builder, string defaultImage, string memory, string? processors = null, int? replicas = null)
    {
        return builder.PublishAsService(memory, processors, replicas).PublishAsDockerComposeService((_, service) =>
        {
            service.Image = WithDefault(service.Image, defaultImage);
            service.CapDrop = ["ALL"];
            service.ReadOnly = true;
            service.Tmpfs = ["/tmp"];
        });
    }

    /// <summary>Others that wait for the service wait until <paramref name="command"/> ends well in it.</summary>
    public static IResourceBuilder<T> PublishHealthCheck<T>(this IResourceBuilder<T> builder, params string[] command)
        where T : IComputeResource
    {
        return builder.PublishAsDockerComposeService((_, service) => service.Healthcheck = new Healthcheck
        {
            Test = ["CMD", .. command],
            Interval = "5s",
            Timeout = "5s",
            Retries = 6,
            StartPeriod = "10s",
        });
    }

    /// <summary>
    /// Directories of this repository that the service reads are copied beside the compose file, in the order of its bind mounts;
    /// .env can name others.
    /// </summary>
    public static IResourceBuilder<ContainerResource> PublishFiles(
        this IResourceBuilder<ContainerResource> builder, params IReadOnlyList<(string Source, string Copy)> directories)
    {
        return builder.PublishAsDockerComposeService((_, service) =>
        {
            for (int index = 0; index < directories.Count; index++)
            {
                (string source, string copy) = directories[index];
                ConfigurationFiles.Copy(Path.GetFullPath(source, builder.ApplicationBuilder.AppHostDirectory), OutputPath(builder.ApplicationBuilder, copy));
                service.Volumes[index].Source = WithDefault(service.Volumes[index].Source, $"./{copy}");
            }
        });
    }

    /// <summary>A variable that must be given in .env, or compose refuses to start.</summary>
    public static IResourceBuilder<T> PublishRequired<T>(this IResourceBuilder<T> builder, string variable, string message)
        where T : IComputeResource
    {
        return builder.PublishAsDockerComposeService((_, service) =>
            service.Environment[variable] = service.Environment[variable].Replace("}", $":?{message}}}", StringComparison.Ordinal));
    }

    /// <summary>A variable that has a value where it is left empty in .env.</summary>
    public static IResourceBuilder<T> PublishDefault<T>(this IResourceBuilder<T> builder, string variable, string value)
        where T : IComputeResource
    {
        return builder.PublishAsDockerComposeService((_, service) => service.Environment[variable] = WithDefault(service.Environment[variable], value)!);
    }

    /// <summary>A path in the directory that is published to.</summary>
    public static string OutputPath(IDistributedApplicationBuilder builder, string path) =>
        Path.GetFullPath(Path.Combine(builder.Configuration["Pipeline:OutputPath"] ?? Path.Combine(builder.AppHostDirectory, "aspire-output"), path));

    /// <summary>What is left empty in .env has a default.</summary>
    private static string? WithDefault(string? variable, string value) => variable?.Replace("}", $":-{value}}}", StringComparison.Ordinal);
}
