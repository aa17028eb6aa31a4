namespace Aspire.Hosting;

public static class ProjectResourceBuilderExtensions
{
    /// <summary>Adds a project. It gets <c>ASPNETCORE_URLS</c> from its http and https endpoints without a variable of their own, and
    /// the variables that name it in its telemetry.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, string? launchProfileName)
        where TProject : IProjectMetadata, new()
    {
        if (launchProfileName is not null)
        {
            throw new DistributedApplicationException(
                $"Cannot start '{name}' with launch profile '{launchProfileName}', because this host reads none. Pass null.");
        }
        string projectPath = new TProject().ProjectPath;
        string? targetPath = AppHostMetadata.TargetPath(typeof(TProject).Assembly, projectPath);
        var project = new ProjectResource(name, projectPath, targetPath);
        project.Environment.Add(context => ProjectEnvironment.Add(project, context));
        return builder.AddResource(project);
    }

    /// <summary>Runs this many processes of the project, each with its own <c>service.instance.id</c>.</summary>
    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(replicas, 1);
        builder.Resource.Replicas = replicas;
        return builder;
    }
}
