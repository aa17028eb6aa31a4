using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;

namespace Observability.AppHost.Running;

/// <summary>Refuses to start while somebody else listens on a port of the graph. Aspire would say nothing, and wait.</summary>
internal static class TakenPorts
{
    /// <summary>Aspire's own addresses, from the launch profile. Tests have Aspire choose free ports instead.</summary>
    private static readonly (string Use, string Key)[] AspireAddresses =
    [
        ("Aspire's dashboard", "ASPNETCORE_URLS"),
        ("Aspire's telemetry", "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"),
        ("Aspire's resource service", "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"),
    ];

    public static void RefuseAny(IDistributedApplicationBuilder builder, GraphOptions options)
    {
        if (builder.ExecutionContext.IsPublishMode)
        {
            return;
        }
        string[] taken = [.. options.FixedPorts().Concat(AspirePorts(builder.Configuration)).Where(wanted => IsTaken(wanted.Port)).Select(wanted =>
            string.Create(CultureInfo.InvariantCulture, $"  {wanted.Use}: port {wanted.Port} is taken by {PortOwner.Describe(wanted.Port)}"))];
        if (taken.Length > 0)
        {
            throw new DistributedApplicationException($"""
                Cannot start, because ports of the graph are taken:
                {string.Join(Environment.NewLine, taken)}
                Nothing was started. End those processes, or choose other ports (Ports:Grpc=9001; 0 takes a free one; docs/settings.md has all names).
                """);
        }
    }

    private static IEnumerable<(string Use, int Port)> AspirePorts(ConfigurationManager configuration) =>
        configuration.GetValue<bool>("DcpPublisher:RandomizePorts")
            ? []
            : AspireAddresses.SelectMany(address => (configuration[address.Key] ?? "").Split(';')
                .Select(text => Uri.TryCreate(text, UriKind.Absolute, out Uri? url) ? (address.Use, url.Port) : default))
                .Where(wanted => wanted.Port != 0);

    /// <summary>Somebody listens there on this machine's loopback or on all of its addresses.</summary>
    private static bool IsTaken(int port) => CannotListen(IPAddress.Loopback, port) || (Socket.OSSupportsIPv6 && CannotListen(IPAddress.IPv6Loopback, port));

    private static bool CannotListen(IPAddress address, int port)
    {
        using var listener = new TcpListener(address, port) { ExclusiveAddressUse = true };
        try
        {
            listener.Start();
            return false;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied;
        }
    }
}
