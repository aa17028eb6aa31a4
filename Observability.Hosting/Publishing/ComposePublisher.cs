using Aspire.Hosting.Docker.Resources;
using Aspire.Hosting.Docker.Resources.ComposeNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes;

namespace Aspire.Hosting.Publishing;

/// <summary>Writes docker-compose.yaml, and .env with a line for each value that whoever runs it decides.</summary>
internal sealed class ComposePublisher(IReadOnlyList<Resource> resources, DistributedApplicationExecutionContext executionContext, string directory)
{
    private const string Network = "aspire";

    private readonly SortedDictionary<string, string> _decisions = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Publish()
    {
        Directory.CreateDirectory(directory);
        var file = new ComposeFile { Networks = { [Network] = new ComposeFile.Driven("bridge") } };
        foreach (Resource resource in resources.Where(IsService))
        {
            Service service = Describe(resource);
            resource.ComposeCallbacks.ForEach(configure => configure(new DockerComposeServiceResource(resource.Name), service));
            file.Services[ServiceName(resource)] = service;
            foreach (Volume volume in service.Volumes.Where(volume => volume.Type == "volume"))
            {
                file.Volumes[volume.Source!] = new ComposeFile.Driven("local");
            }
        }
        string composePath = Path.Combine(directory, "docker-compose.yaml");
        File.WriteAllText(composePath, YamlText.Write(file));
        string environmentPath = Path.Combine(directory, ".env");
        File.WriteAllText(environmentPath, EnvironmentText(ReadDecided(environmentPath)));
        return [composePath, environmentPath];
    }

    private static bool IsService(Resource resource) => resource is ProjectResource or ContainerResource;
    private static string ServiceName(Resource resource) => resource.Name.ToLowerInvariant();

    private Service Describe(Resource resource)
    {
        var service = new Service { Image = ImageOf(resource), Networks = [Network] };
        service.Command.AddRange(resource.Arguments.Select(Resolve));
        foreach ((string name, object value) in EnvironmentContext.Collect(resource, executionContext).Variables)
        {
            service.Environment[name] = Resolve(value);
        }
        foreach (EndpointAnnotation endpoint in resource.Endpoints)
        {
            string port = endpoint.AllocatedPort!.Value.ToString(CultureInfo.InvariantCulture);
            (endpoint.IsExternal ? service.Ports : service.Expose).Add(
                endpoint is { IsExternal: true, Port: { } outside } ? string.Create(CultureInfo.InvariantCulture, $"{outside}:{port}") : port);
        }
        foreach (ContainerMount mount in (resource as ContainerResource)?.Mounts ?? [])
        {
            service.Volumes.Add(DescribeMount(resource, mount, service.Volumes.Count(volume => volume.Type == "bind")));
        }
        foreach (WaitAnnotation wait in resource.Waits.Where(wait => IsService(wait.Dependency)))
        {
            service.DependsOn[ServiceName(wait.Dependency)] = new ServiceDependency { Condition = "service_started" };
        }
        return service;
    }

    private string ImageOf(Resource resource) =>
        (resource as ContainerResource)?.Image
            ?? Decide($"{VariableName(resource.Name)}_IMAGE", $"Container image name for {resource.Name}");

    private Volume DescribeMount(Resource resource, ContainerMount mount, int bindIndex) => new()
    {
        Type = mount.IsBind ? "bind" : "volume",
        Target = mount.Target,
        Source = mount.IsBind
            ? Decide(string.Create(CultureInfo.InvariantCulture, $"{VariableName(resource.Name)}_BINDMOUNT_{bindIndex}"),
                $"Bind mount source for {resource.Name}:{mount.Target}")
            : mount.Source,
        ReadOnly = mount.IsReadOnly,
    };

    /// <summary>A value as the published services see it: by each other's names, and what is not decided yet as a variable.</summary>
    private string Resolve(object value) => value switch
    {
        // A dollar sign begins a variable.
        string text => text.Replace("$", "$$", StringComparison.Ordinal),
        ParameterResource parameter => Decide(VariableName(parameter.Name), $"Parameter {parameter.Name}"),
        EndpointReference endpoint => Resolve(endpoint.Property(EndpointProperty.Url)),
        EndpointReferenceExpression part => part.ValueAt(ServiceName(part.Endpoint.Resource), part.Endpoint.Annotation.AllocatedPort),
        ReferenceExpression expression => expression.Format(Resolve),
        _ => throw new UnreachableException($"BUG: a value of type {value.GetType()} cannot be published."),
    };

    /// <summary>Leaves a value to whoever runs the file.</summary>
    private string Decide(string name, string description)
    {
        _decisions[name] = description;
        return $"${{{name}}}";
    }

    private static string VariableName(string name) => name.ToUpperInvariant().Replace('-', '_');

    /// <summary>What somebody filled in already is kept.</summary>
    private static Dictionary<string, string> ReadDecided(string path) =>
        (File.Exists(path) ? File.ReadAllLines(path) : [])
            .Where(line => line.Contains('=', StringComparison.Ordinal) && line[0] != '#')
            .Select(line => line.Split('=', 2))
            .ToDictionary(line => line[0], line => line[1], StringComparer.Ordinal);

    private string EnvironmentText(Dictionary<string, string> decided)
    {
        var text = new StringBuilder();
        foreach ((string name, string description) in _decisions)
        {
            text.Append(CultureInfo.InvariantCulture, $"# {description}\n{name}={decided.GetValueOrDefault(name)}\n\n");
        }
        return text.ToString();
    }
}
