using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Listening;

/// <summary>Where the process listens: GRPC_PORT, WS_PORT, METRICS_PORT, BIND_ADDRESS. Port 0 asks for a free one.</summary>
internal sealed class ListeningOptions
{
    public const string GrpcPortName = "GRPC_PORT";
    public const string WebPortName = "WS_PORT";
    public const string MetricsPortName = "METRICS_PORT";
    public const string BindAddressName = "BIND_ADDRESS";

    private const string Localhost = "localhost";
    private const string PortAllowed = "a port from 1 to 65535, or 0 for a free one";

    [ConfigurationKeyName(GrpcPortName), Range(0, ushort.MaxValue, ErrorMessage = PortAllowed)] public int? GrpcPort { get; init; }

    [ConfigurationKeyName(WebPortName), Range(0, ushort.MaxValue, ErrorMessage = PortAllowed)] public int? WebPort { get; init; }

    [ConfigurationKeyName(MetricsPortName), Range(0, ushort.MaxValue, ErrorMessage = PortAllowed)] public int? MetricsPort { get; init; }

    [ConfigurationKeyName(BindAddressName)] public string BindAddress { get; set; } = Localhost;

    /// <summary>The address as given; null for localhost, which is both loopback addresses.</summary>
    public IPAddress? Address { get; private set; }

    /// <summary>How a program on this machine writes the address in a URL.</summary>
    public string UrlHost => Address switch
    {
        null => Localhost,
        { } any when any.Equals(IPAddress.Any) || any.Equals(IPAddress.IPv6Any) => Localhost,
        { AddressFamily: AddressFamily.InterNetworkV6 } => $"[{Address}]",
        _ => Address.ToString(),
    };

    public void Normalize()
    {
        BindAddress = string.IsNullOrWhiteSpace(BindAddress) ? Localhost : BindAddress.Trim();
        Address = ReadAddress(BindAddress);
        RefuseEqualPorts();
    }

    public int PortOf(Listener listener) => listener switch
    {
        Listener.Grpc => GrpcPort ?? 9000,
        Listener.Web => WebPort ?? 8080,
        _ => MetricsPort ?? 9100,
    };

    public static string NameOf(Listener listener) => listener switch
    {
        Listener.Grpc => GrpcPortName,
        Listener.Web => WebPortName,
        _ => MetricsPortName,
    };

    private static IPAddress? ReadAddress(string text)
    {
        if (text.Equals(Localhost, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        if (text is "*" or "+")
        {
            return Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
        }
        return IPAddress.TryParse(text.Trim('[', ']'), out IPAddress? address)
            ? address
            : throw new RefusedSettingException(BindAddressName, text, "localhost, * or an IP address of this machine");
    }

    private void RefuseEqualPorts()
    {
        Listener[] all = Enum.GetValues<Listener>();
        foreach (Listener one in all)
        {
            foreach (Listener other in all)
            {
                if (one < other && PortOf(one) != 0 && PortOf(one) == PortOf(other))
                {
                    throw new RefusedSettingException(NameOf(other), $"{PortOf(other)}", $"a port other than that of {NameOf(one)}");
                }
            }
        }
    }
}
