using System.Reflection;
using Observability.Aggregator.Listening;

namespace Observability.Aggregator.Diagnostics;

/// <summary>GET /api/status: what this process is and how it does.</summary>
internal static class StatusEndpoint
{
    private static readonly string Version =
        typeof(StatusEndpoint).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public static StatusReport Status(ServingState serving, BoundPorts ports, TimeProvider time)
    {
        return new StatusReport(
            Environment.ProcessId,
            Version,
            serving.Phase.ToString().ToLowerInvariant(),
            new PortReport(ports.Of(Listener.Grpc), ports.Of(Listener.Web), ports.Of(Listener.Metrics)));
    }

    internal sealed record StatusReport(int Pid, string Version, string Phase, PortReport Ports);

    internal sealed record PortReport(int Grpc, int Web, int Metrics);
}
