using System.Text.Json.Serialization;

namespace Aspire.Hosting.Docker.Resources.ComposeNodes;

/// <summary>One service of a compose file. The properties stand in the order in which they are written.</summary>
public sealed class Service
{
    public string? Image { get; set; }
    [JsonInclude] internal List<string> Command { get; } = [];
    public OrderedDictionary<string, string> Environment { get; } = [];
    [JsonInclude] internal List<string> Ports { get; } = [];
    [JsonInclude] internal List<string> Expose { get; } = [];
    public List<ServiceNodes.Volume> Volumes { get; } = [];
    public OrderedDictionary<string, ServiceDependency> DependsOn { get; } = [];
    [JsonInclude] internal List<string> Networks { get; init; } = [];
    public string? Restart { get; set; }
    public ServiceNodes.Swarm.Deploy? Deploy { get; set; }
    public ServiceNodes.Healthcheck? Healthcheck { get; set; }
    public List<string> CapDrop { get; set; } = [];
    public bool? ReadOnly { get; set; }
    public List<string> SecurityOpt { get; set; } = [];
    public List<string> Tmpfs { get; set; } = [];
}
