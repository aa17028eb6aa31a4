namespace Aspire.Hosting;

public static class ContainerResourceBuilderExtensions
{
    /// <summary>Adds a container. It is run by the machine's container engine, and published as it is.</summary>
    public static IResourceBuilder<ContainerResource> AddContainer(
        this IDistributedApplicationBuilder builder, string name, string image, string tag) =>
        builder.AddResource(new ContainerResource(name, $"{image}:{tag}"));

    /// <summary>Shows a file or directory of this machine in the container. <paramref name="source"/> is relative to the AppHost's directory.</summary>
    public static IResourceBuilder<ContainerResource> WithBindMount(
        this IResourceBuilder<ContainerResource> builder, string source, string target, bool isReadOnly = false)
    {
        string path = Path.GetFullPath(Path.Combine(builder.ApplicationBuilder.AppHostDirectory, source));
        builder.Resource.Mounts.Add(new ContainerMount(IsBind: true, path, target, isReadOnly));
        return builder;
    }

    /// <summary>Keeps what the container writes below <paramref name="target"/> in a volume of this name.</summary>
    public static IResourceBuilder<ContainerResource> WithVolume(
        this IResourceBuilder<ContainerResource> builder, string name, string target, bool isReadOnly = false)
    {
        builder.Resource.Mounts.Add(new ContainerMount(IsBind: false, name, target, isReadOnly));
        return builder;
    }
}
