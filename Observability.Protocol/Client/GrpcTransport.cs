using System.Net;

namespace Observability.Protocol;

/// <summary>Builds what a channel and a call are made of.</summary>
internal static class GrpcTransport
{
    private const string OwnUserAgent = "grpc-observability/0.1";

    public static SocketsHttpHandler CreateHandler(GrpcChannelOptions options)
    {
        bool tls = options.Address.Scheme == Uri.UriSchemeHttps;
        if (!tls && options.Address.Scheme != Uri.UriSchemeHttp)
        {
            throw new ArgumentException($"Cannot open channel to '{options.Address}': the scheme is http or https.", nameof(options));
        }
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            KeepAlivePingDelay = options.KeepAlivePingDelay,
            KeepAlivePingTimeout = options.KeepAlivePingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            EnableMultipleHttp2Connections = false,
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = tls,                             // a proxy carries HTTP/2 in clear text nowhere
            ActivityHeadersPropagator = null,           // a telemetry stream is not part of its host's traces
        };
        if (options.Tls is not null)
        {
            handler.SslOptions = options.Tls;
        }
        return handler;
    }

    public static HttpRequestMessage CreateRequest(string method, GrpcChannelOptions channel, GrpcCallOptions call)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(channel.Address, method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new GrpcRequestContent(),
        };
        request.Headers.TryAddWithoutValidation("TE", "trailers");
        request.Headers.TryAddWithoutValidation("User-Agent", channel.UserAgent is null ? OwnUserAgent : $"{channel.UserAgent} {OwnUserAgent}");
        request.Headers.TryAddWithoutValidation(GrpcHeaders.AcceptEncoding, GrpcCompression.Accepted);
        if (channel.SendCompression is not null)
        {
            request.Headers.TryAddWithoutValidation(GrpcHeaders.Encoding, channel.SendCompression);
        }
        if (call.Timeout is { } timeout)
        {
            request.Headers.TryAddWithoutValidation(GrpcHeaders.Timeout, GrpcTimeout.Format(timeout));
        }
        if (channel.ApiKey is not null)
        {
            request.Headers.TryAddWithoutValidation(GrpcHeaders.ApiKey, channel.ApiKey);
        }
        foreach ((string name, string value) in call.Metadata ?? [])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return request;
    }
}
