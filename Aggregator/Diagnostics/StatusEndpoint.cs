using System.Globalization;
using System.Reflection;
using Observability.Aggregator.Listening;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Diagnostics;

/// <summary>GET /api/status: what this process is and how it does.</summary>
internal static class StatusEndpoint
{
    private static readonly string Version =
        typeof(StatusEndpoint).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public static StatusReport Status(ServingState serving, BoundPorts ports, TelemetryStore store)
    {
        return new StatusReport(
            Environment.ProcessId,
            store.SessionId.ToString(CultureInfo.InvariantCulture),
            Version,
            serving.Phase.ToString().ToLowerInvariant(),
            new PortReport(ports.Of(Listener.Grpc), ports.Of(Listener.Web), ports.Of(Listener.Metrics)));
    }

    internal sealed record StatusReport(int Pid, string SessionId, string Version, string Phase, PortReport Ports);

    internal sealed record PortReport(int Grpc, int Web, int Metrics);
}
