namespace Aspire.Hosting.Running;

/// <summary>Gives every endpoint its port before anything is started, and finds out which of them others hold.</summary>
internal sealed class PortAllocation : IDisposable
{
    private readonly List<int> _handedOut = [];
    private readonly List<TakenPort> _taken = [];

    public PortAllocation(IReadOnlyList<Resource> resources, bool randomizePorts)
    {
        HashSet<int> listening = FreePorts.Taken();
        foreach (Resource resource in resources)
        {
            foreach (EndpointAnnotation endpoint in resource.Endpoints)
            {
                int? port = randomizePorts && endpoint.IsProxied ? null : endpoint.Port ?? (resource is ContainerResource ? null : endpoint.TargetPort);
                endpoint.AllocatedPort = port ?? TakeFree();
                if (port is { } wanted && listening.Contains(wanted))
                {
                    _taken.Add(new TakenPort(resource, endpoint, wanted));
                }
            }
        }
    }

    /// <summary>Why a resource cannot have its ports, in words; nothing if it can.</summary>
    public string? ProblemOf(Resource resource)
    {
        TakenPort[] taken = [.. _taken.Where(port => port.Resource == resource)];
        return taken.Length == 0 ? null : $"Cannot start '{resource.Name}', because {string.Join(" and ", taken.Select(Describe))}. " +
            "End that program, or configure another port.";
    }

    /// <summary>Refuses the start as a whole when programs of ours wait for a resource whose port is taken: what would run is not the
    /// graph any more, and might talk to a stranger at that port.</summary>
    public void ThrowIfEssentialPortTaken(IReadOnlyList<Resource> resources)
    {
        bool IsEssential(Resource resource) =>
            resources.OfType<ProjectResource>().Any(project => project.Waits.Exists(wait => wait.Dependency == resource));

        if (_taken.Exists(port => IsEssential(port.Resource)))
        {
            IEnumerable<string> lines = _taken.Select(port => $"  {port.Resource.Name}/{port.Endpoint.Name}: {Describe(port)}");
            throw new DistributedApplicationException(
                $"Cannot start the graph, because ports it needs are taken:{Environment.NewLine}{string.Join(Environment.NewLine, lines)}" +
                $"{Environment.NewLine}End these programs, or configure other ports. Nothing was started.");
        }
    }

    public void Dispose() => _handedOut.ForEach(FreePorts.Return);

    private static string Describe(TakenPort taken) =>
        string.Create(CultureInfo.InvariantCulture, $"port {taken.Port} is taken by {PortOwner.Describe(taken.Port)}");

    private int TakeFree()
    {
        int port = FreePorts.Take();
        _handedOut.Add(port);
        return port;
    }

    private sealed record TakenPort(Resource Resource, EndpointAnnotation Endpoint, int Port);
}
