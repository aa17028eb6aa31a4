namespace Aspire.Hosting.Terminal;

/// <summary>The table of resources: name, state, address. An address is shown once something answers there.</summary>
internal static class ResourceTable
{
    private const string NameTitle = "RESOURCE";
    private const string StateTitle = "STATE";
    private const string AddressTitle = "ADDRESS";
    private const int DetailLengthMax = 40;

    public static IReadOnlyList<string> Format(IReadOnlyList<ResourceEvent> resources, int width)
    {
        (string Name, string State, string Address)[] rows =
            [(NameTitle, StateTitle, AddressTitle), .. resources.Select(resource => (resource.ResourceId, DescribeState(resource.Snapshot), DescribeAddress(resource)))];
        int nameWidth = rows.Max(row => row.Name.Length);
        int stateWidth = rows.Max(row => row.State.Length);
        return [.. rows.Select(row => Cut($"  {row.Name.PadRight(nameWidth)}  {row.State.PadRight(stateWidth)}  {row.Address}".TrimEnd(), width))];
    }

    public static string DescribeState(ResourceSnapshot snapshot)
    {
        if (snapshot.IsCustom)
        {
            return snapshot.State.Split(": ", 2)[0];
        }
        if (snapshot.State == KnownResourceStates.Running)
        {
            return snapshot switch
            {
                { Answers: false } => "Running (does not answer yet)",
                { Healthy: false } => "Running (not healthy)",
                _ => "Running",
            };
        }
        // The reason of a failure is a whole sentence and stands in the log.
        string separator = snapshot.State == KnownResourceStates.Waiting ? " " : ": ";
        string detail = snapshot.Detail is { Length: <= DetailLengthMax } text ? separator + text : "";
        return $"{snapshot.State}{detail}{(snapshot.WillRestart ? ", starts again" : "")}";
    }

    public static string DescribeAddress(ResourceEvent resource)
    {
        if (resource.Snapshot.IsCustom)
        {
            // The reason stands where an address would.
            return resource.Snapshot.State.Split(": ", 2).ElementAtOrDefault(1) ?? "";
        }
        if (!resource.Snapshot.Answers || resource.Snapshot.State != KnownResourceStates.Running)
        {
            return "";
        }
        List<EndpointAnnotation> endpoints = resource.Resource.Endpoints;
        return string.Join("  ", endpoints.Select(endpoint =>
        {
            string url = new EndpointReference(resource.Resource, endpoint.Name).Url;
            return endpoints.Count == 1 ? url : $"{endpoint.Name} {url}";
        }));
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";
}
