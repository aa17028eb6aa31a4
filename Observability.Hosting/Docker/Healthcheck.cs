namespace Aspire.Hosting.Docker.Resources.ServiceNodes;

/// <summary>The command by which the engine finds out whether a service works.</summary>
public sealed class Healthcheck
{
    public List<string> Test { get; set; } = [];
    public required string Interval { get; set; }
    public required string Timeout { get; set; }
    public int? Retries { get; set; }
    public required string StartPeriod { get; set; }
}
