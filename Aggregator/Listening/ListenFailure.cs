using System.Net;
using System.Net.Sockets;

namespace Observability.Aggregator.Listening;

/// <summary>Turns the server's failure to open its ports into one line that names the setting.</summary>
internal static class ListenFailure
{
    /// <summary>The web server could not open a port.</summary>
    public static bool IsOne(Exception? exception) =>
        exception is not null
        && (exception is SocketException or Microsoft.AspNetCore.Connections.AddressInUseException || IsOne(exception.InnerException));

    /// <summary>Tries each port again, since the server tells neither setting nor cause of the one it met.</summary>
    public static string Describe(Exception exception, ListeningOptions options)
    {
        foreach (Listener listener in Enum.GetValues<Listener>())
        {
            foreach (IPAddress address in AddressesOf(options))
            {
                if (TryBind(address, options.PortOf(listener)) is { } error)
                {
                    return Line(listener, options, error);
                }
            }
        }
        return $"Cannot listen on {options.BindAddress}: {exception.Message}";
    }

    private static IEnumerable<IPAddress> AddressesOf(ListeningOptions options)
    {
        if (options.Address is { } address)
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

    private static string Line(Listener listener, ListeningOptions options, SocketError error)
    {
        string name = ListeningOptions.NameOf(listener);
        int port = options.PortOf(listener);
        return error switch
        {
            SocketError.AddressAlreadyInUse =>
                $"Cannot listen on {name} {port} of {options.BindAddress}: another program has it. Stop that one, or set {name} to another port (0: a free one).",
            SocketError.AccessDenied =>
                $"Cannot listen on {name} {port} of {options.BindAddress}: the system does not permit it. Set {name} to a port above 1023.",
            SocketError.AddressNotAvailable =>
                $"Cannot listen on {ListeningOptions.BindAddressName} {options.BindAddress}: it is no address of this machine. Set it to localhost, * or one that is.",
            _ => $"Cannot listen on {name} {port} of {options.BindAddress}: {new SocketException((int)error).Message}",
        };
    }
}
