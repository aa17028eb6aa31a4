namespace Aspire.Hosting;

/// <summary>Refuses graphs that cannot run, before anything is started.</summary>
internal static class GraphValidation
{
    public static void ThrowIfInvalid(IReadOnlyList<Resource> resources)
    {
        foreach (Resource resource in resources)
        {
            ThrowIfEndpointsInvalid(resource);
        }
        ThrowIfPortSharedTwice(resources);
        ThrowIfCircular(resources);
    }

    private static void ThrowIfEndpointsInvalid(Resource resource)
    {
        if (resource.Replicas > 1 && resource.Endpoints.Count > 0)
        {
            throw new DistributedApplicationException(
                $"Cannot run {resource.Replicas} replicas of '{resource.Name}', because its endpoint '{resource.Endpoints[0].Name}' would need " +
                "a proxy in front of them, which this host does not have. Use one replica, or run with -p:UseAspire=true.");
        }
        foreach (EndpointAnnotation endpoint in resource.Endpoints)
        {
            if (!endpoint.IsProxied && endpoint.Port is { } port && endpoint.TargetPort is { } targetPort && port != targetPort)
            {
                throw new DistributedApplicationException(
                    $"Cannot use port {port} for endpoint '{endpoint.Name}' of '{resource.Name}', because the program listens on {targetPort} " +
                    "and no proxy stands between. Make port and targetPort equal, or leave out isProxied: false.");
            }
            if (resource is ContainerResource && endpoint.TargetPort is null)
            {
                throw new DistributedApplicationException(
                    $"Cannot map endpoint '{endpoint.Name}' of container '{resource.Name}', because it does not say where the program listens. Give it a targetPort.");
            }
            if (resource is not ContainerResource && endpoint.IsProxied && endpoint.Port is { } proxyPort && proxyPort == endpoint.TargetPort)
            {
                throw new DistributedApplicationException(
                    $"Cannot use port {proxyPort} for both the proxy and the program at endpoint '{endpoint.Name}' of '{resource.Name}'. " +
                    "Leave out targetPort, or say isProxied: false.");
            }
        }
    }

    private static void ThrowIfPortSharedTwice(IReadOnlyList<Resource> resources)
    {
        var users = new Dictionary<int, string>();
        foreach (Resource resource in resources)
        {
            foreach (EndpointAnnotation endpoint in resource.Endpoints)
            {
                string user = $"{resource.Name}/{endpoint.Name}";
                if (endpoint.Port is { } port && !users.TryAdd(port, user))
                {
                    throw new DistributedApplicationException(
                        $"Cannot give port {port} to both {users[port]} and {user}. Change one of them.");
                }
            }
        }
    }

    private static void ThrowIfCircular(IReadOnlyList<Resource> resources)
    {
        var finished = new HashSet<Resource>();
        var path = new List<Resource>();
        foreach (Resource resource in resources)
        {
            Visit(resource, path, finished);
        }
    }

    private static void Visit(Resource resource, List<Resource> path, HashSet<Resource> finished)
    {
        if (finished.Contains(resource))
        {
            return;
        }
        int first = path.IndexOf(resource);
        if (first >= 0)
        {
            IEnumerable<string> circle = path.Skip(first).Append(resource).Select(member => member.Name);
            throw new DistributedApplicationException(
                $"Cannot start the graph, because its resources wait for each other in a circle: {string.Join(" -> ", circle)}. " +
                "Remove one WaitFor.");
        }
        path.Add(resource);
        foreach (WaitAnnotation wait in resource.Waits)
        {
            Visit(wait.Dependency, path, finished);
        }
        path.RemoveAt(path.Count - 1);
        finished.Add(resource);
    }
}
