namespace Aspire.Hosting.Publishing;

/// <summary>Writes the graph as files by which it is deployed. The same graph gives the same bytes.</summary>
internal static class GraphPublisher
{
    private const string ManifestName = "aspire-manifest.json";
    private const int FirstPort = 8000;

    /// <summary>Does what the command line asks for. Returns what was written.</summary>
    public static IReadOnlyList<string> Publish(IReadOnlyList<Resource> resources, DistributedApplicationExecutionContext context, IConfiguration configuration)
    {
        string output = Path.GetFullPath(PublishRequest.OutputPath(configuration));
        AllocatePorts(resources);
        if (PublishRequest.IsManifest(configuration))
        {
            return Manifest(resources, context, output.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? output : Path.Combine(output, ManifestName));
        }
        return resources.OfType<DockerComposeEnvironmentResource>().Any()
            ? new ComposePublisher(resources, context, output).Publish()
            : throw new DistributedApplicationException(
                "Cannot publish the graph, because it does not say as what. Add AddDockerComposeEnvironment to Program.cs, or ask for --publisher manifest.");
    }

    /// <summary>Where the programs listen once published: where the graph says, else from a fixed number upwards.</summary>
    internal static void AllocatePorts(IReadOnlyList<Resource> resources)
    {
        int next = FirstPort;
        foreach (EndpointAnnotation endpoint in resources.SelectMany(resource => resource.Endpoints))
        {
            endpoint.AllocatedPort = endpoint.TargetPort ?? endpoint.Port ?? next++;
        }
    }

    private static List<string> Manifest(IReadOnlyList<Resource> resources, DistributedApplicationExecutionContext context, string path)
    {
        string directory = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(directory);
        File.WriteAllText(path, new ManifestWriter(context, directory).Write(resources));
        List<string> written = [path];
        foreach (ViteAppResource app in resources.OfType<ViteAppResource>())
        {
            written.Add(Path.Combine(directory, ViteDockerfile.NameOf(app)));
            File.WriteAllText(written[^1], ViteDockerfile.Text);
        }
        return written;
    }
}
