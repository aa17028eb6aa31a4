namespace Aspire.Hosting.ApplicationModel;

/// <summary>A .NET project of this repository. It is built with the AppHost and run from its build output.</summary>
public sealed class ProjectResource : Resource,
    IResourceWithEnvironment, IResourceWithArgs, IResourceWithServiceDiscovery, IResourceWithWaitSupport, IContainerFilesDestinationResource, IComputeResource
{
    internal ProjectResource(string name, string projectPath, string? targetPath)
        : base(name)
    {
        ProjectPath = projectPath;
        TargetPath = targetPath;
    }

    internal string ProjectPath { get; }

    /// <summary>The built assembly, as MSBuild told when it built the AppHost.</summary>
    internal string? TargetPath { get; }
}
