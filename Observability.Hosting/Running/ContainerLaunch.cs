namespace Aspire.Hosting.Running;

/// <summary>A container as a process of this host: the engine's client runs as long as the container does, prints what that prints and
/// hands on the signal to end. Should the client be killed, the container is removed by its name. The containers of a run have a network
/// of their own, in which each has its resource's name; from outside of the machine nothing of it is reached.</summary>
internal static class ContainerLaunch
{
    /// <summary>By this name containers reach the programs of this machine.</summary>
    private const string HostName = "host.docker.internal";

    public static LaunchSpec Create(ContainerResource container, Dictionary<string, string> variables)
    {
        string engine = ProgramPath.Find("docker") ?? ProgramPath.Find("podman") ?? throw new DistributedApplicationException(
            $"Cannot start '{container.Name}', because neither docker nor podman is on PATH. Install one of them.");
        // The mark's colon may not stand in a name.
        string name = $"embedded-host-{variables[RunMark.Variable].Replace(':', '-')}";
        string network = $"embedded-host-{variables[RunMark.Variable].Split(':')[0]}";
        // Refused where another container of the run has made it; where there is none, the container's own start says why.
        Run(engine, "network", "create", network);
        List<string> arguments = ["run", "--rm", "--name", name, "--network", network, "--network-alias", container.Name, "--add-host", $"{HostName}:host-gateway"];
        foreach (EndpointAnnotation endpoint in container.Endpoints)
        {
            arguments.AddRange(["-p", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{endpoint.AllocatedPort}:{endpoint.TargetPort}")]);
        }
        foreach (ContainerMount mount in container.Mounts)
        {
            string type = mount.IsBind ? "bind" : "volume";
            arguments.AddRange(["--mount", $"type={type},source={mount.Source},target={mount.Target}{(mount.IsReadOnly ? ",readonly" : "")}"]);
        }
        foreach (string variable in variables.Keys.Where(variable => variable != RunMark.Variable))
        {
            // Without a value: the client takes it from its own environment, and no secret stands in a command line.
            arguments.AddRange(["-e", variable]);
        }
        arguments.AddRange([container.Image, .. container.Arguments.Select(value => LaunchSpecFactory.Resolve(value, container))]);
        return new LaunchSpec(engine, arguments, Path.GetTempPath(), variables) { Remove = () => { Run(engine, "rm", "-f", name); Run(engine, "network", "rm", network); } };
    }

    /// <summary>An address as a container sees it: another container's own port, and programs of this machine by its name.</summary>
    public static string AddressOf(EndpointReferenceExpression part) => part.Endpoint.Resource is ContainerResource other
        ? part.ValueAt(other.Name, part.Endpoint.Annotation.TargetPort) : part.ValueAt(HostName, part.Endpoint.Port);

    private static void Run(string engine, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(engine, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.WaitForExit();
    }
}
