namespace Aspire.Hosting.ApplicationModel;

/// <summary>A program that comes as a container image.</summary>
public sealed class ContainerResource : Resource,
    IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IComputeResource
{
    internal ContainerResource(string name, string image)
        : base(name)
    {
        Image = image;
    }

    /// <summary>With its tag.</summary>
    internal string Image { get; }
    internal List<ContainerMount> Mounts { get; } = [];
}
