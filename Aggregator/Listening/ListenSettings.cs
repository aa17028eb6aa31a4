using System.Net;
using System.Net.Sockets;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Listening;

/// <summary>Where the process listens: GRPC_PORT, WS_PORT, METRICS_PORT, BIND_ADDRESS. Port 0 asks for a free one.</summary>
internal sealed class ListenSettings
{
    public const string GrpcPortName = "GRPC_PORT";
    public const string WebPortName = "WS_PORT";
    public const string MetricsPortName = "METRICS_PORT";
    public const string BindAddressName = "BIND_ADDRESS";

    private const string Localhost = "localhost";

    private ListenSettings(string bindAddress, IPAddress? address, int grpcPort, int webPort, int metricsPort)
    {
        BindAddress = bindAddress;
        Address = address;
        GrpcPort = grpcPort;
        WebPort = webPort;
        MetricsPort = metricsPort;
    }

    public string BindAddress { get; }

    /// <summary>The address as given; null for localhost, which is both loopback addresses.</summary>
    public IPAddress? Address { get; }

    public int GrpcPort { get; }

    public int WebPort { get; }

    public int MetricsPort { get; }

    /// <summary>How a program on this machine writes the address in a URL.</summary>
    public string UrlHost => Address switch
    {
        null => Localhost,
        { } any when any.Equals(IPAddress.Any) || any.Equals(IPAddress.IPv6Any) => Localhost,
        { AddressFamily: AddressFamily.InterNetworkV6 } => $"[{Address}]",
        _ => Address.ToString(),
    };

    public static ListenSettings Read(IConfiguration configuration)
    {
        string bindAddress = Setting.Text(configuration, BindAddressName, Localhost);
        var settings = new ListenSettings(
            bindAddress,
            ReadAddress(bindAddress),
            ReadPort(configuration, GrpcPortName, 9000),
            ReadPort(configuration, WebPortName, 8080),
            ReadPort(configuration, MetricsPortName, 9100));
        settings.RefuseEqualPorts();
        return settings;
    }

    public int PortOf(Listener listener) => listener switch
    {
        Listener.Grpc => GrpcPort,
        Listener.Web => WebPort,
        _ => MetricsPort,
    };

    public static string NameOf(Listener listener) => listener switch
    {
        Listener.Grpc => GrpcPortName,
        Listener.Web => WebPortName,
        _ => MetricsPortName,
    };

    private static int ReadPort(IConfiguration configuration, string name, int fallback) =>
        Setting.Integer(configuration, name, fallback, 0, ushort.MaxValue, "a port from 1 to 65535, or 0 for a free one");

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
            : throw new SettingException(BindAddressName, text, "localhost, * or an IP address of this machine");
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
                    throw new SettingException(NameOf(other), $"{PortOf(other)}", $"a port other than that of {NameOf(one)}");
                }
            }
        }
    }
}
