using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Observability.Aggregator.Listening;

/// <summary>The ports in use. Known once the server has started, when a configured 0 has become a real port.</summary>
internal sealed class BoundPorts(ListeningOptions settings, TlsOptions tls)
{
    private readonly ListenOptions?[] _bound = new ListenOptions?[3];

    public int Of(Listener listener) =>
        settings.PortOf(listener) is var port and not 0 ? port : _bound[(int)listener]?.IPEndPoint?.Port ?? 0;

    public string UrlOf(Listener listener) => $"{tls.SchemeOf(listener)}://{settings.UrlHost}:{Of(listener)}";

    public void Open(KestrelServerOptions server, Listener listener)
    {
        int port = settings.PortOf(listener);
        if (settings.Address is { } address)
        {
            server.Listen(address, port, Configure);
        }
        else if (port != 0)
        {
            server.ListenLocalhost(port, Configure);
        }
        else
        {
            // Two loopback addresses cannot be asked for the same free port at once; names resolve to the IPv4 one everywhere.
            server.Listen(Socket.OSSupportsIPv4 ? IPAddress.Loopback : IPAddress.IPv6Loopback, 0, Configure);
        }

        void Configure(ListenOptions options)
        {
            _bound[(int)listener] = options;
            options.Protocols = HttpProtocols.Http1;
            if (tls.Of(listener) is { } certificate)
            {
                options.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificate = certificate.Leaf,
                    ServerCertificateChain = certificate.Intermediates,
                });
            }
            if (listener == Listener.Grpc)
            {
                options.UseGrpc();
            }
            var feature = new ListenerFeature(listener);
            options.Use(next => connection =>
            {
                connection.Features.Set(feature);
                return next(connection);
            });
        }
    }
}
