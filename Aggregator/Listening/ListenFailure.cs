using System.Net;
using System.Net.Sockets;

namespace Observability.Aggregator.Listening;

/// <summary>Turns the server's failure to open its ports into one line that names the setting.</summary>
internal static class ListenFailure
{
    /// <summary>The first port that cannot be opened, or null. Asked before the server starts, which would tell it with a stack trace.</summary>
    public static string? Probe(ListenSettings settings)
    {
        foreach (Listener listener in Enum.GetValues<Listener>())
        {
            foreach (IPAddress address in AddressesOf(settings))
            {
                if (TryBind(address, settings.PortOf(listener)) is { } error)
                {
                    return Line(listener, settings, error);
                }
            }
        }
        return null;
    }

    /// <summary>Whether the server could not open its ports, for a port that was taken after the probe.</summary>
    public static string? Describe(Exception exception, ListenSettings settings) =>
        IsOfSockets(exception) ? Probe(settings) ?? $"Cannot listen on {settings.BindAddress}: {exception.Message}" : null;

    private static bool IsOfSockets(Exception? exception) =>
        exception is not null
        && (exception is SocketException or Microsoft.AspNetCore.Connections.AddressInUseException || IsOfSockets(exception.InnerException));

    private static IEnumerable<IPAddress> AddressesOf(ListenSettings settings)
    {
        if (settings.Address is { } address)
        {
            return [address];
        }
        return Socket.OSSupportsIPv6 ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [IPAddress.Loopback];
    }

    private static SocketError? TryBind(IPAddress address, int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address.Equals(IPAddress.IPv6Any))
        {
            socket.DualMode = true;
        }
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen();
            return null;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode;
        }
    }

    private static string Line(Listener listener, ListenSettings settings, SocketError error)
    {
        string name = ListenSettings.NameOf(listener);
        int port = settings.PortOf(listener);
        return error switch
        {
            SocketError.AddressAlreadyInUse =>
                $"Cannot listen on {name} {port} of {settings.BindAddress}: another program has it. Stop that one, or set {name} to another port (0: a free one).",
            SocketError.AccessDenied =>
                $"Cannot listen on {name} {port} of {settings.BindAddress}: the system does not permit it. Set {name} to a port above 1023.",
            SocketError.AddressNotAvailable =>
                $"Cannot listen on {ListenSettings.BindAddressName} {settings.BindAddress}: it is no address of this machine. Set it to localhost, * or one that is.",
            _ => $"Cannot listen on {name} {port} of {settings.BindAddress}: {new SocketException((int)error).Message}",
        };
    }
}
