using System.Text.Json.Serialization;

namespace Aspire.Hosting.Docker.Resources.ServiceNodes;

/// <summary>What a service sees at a path of its own.</summary>
public sealed class Volume
{
    [JsonInclude] internal string? Type { get; init; }
    [JsonInclude] internal string? Target { get; init; }
    public string? Source { get; set; }
    [JsonInclude] internal bool ReadOnly { get; init; }
}
