namespace Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;

/// <summary>How many of a service, and what they may use.</summary>
public sealed class Deploy
{
    public int? Replicas { get; set; }
    public Resources? Resources { get; set; }
}

/// <summary>What a service may use.</summary>
public sealed class Resources
{
    public ResourceSpec? Limits { get; set; }
}

/// <summary>An amount of what a machine has.</summary>
public sealed class ResourceSpec
{
    public string? Cpus { get; set; }
    public string? Memory { get; set; }
}
