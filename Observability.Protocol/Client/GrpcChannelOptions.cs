using System.Net.Security;

namespace Observability.Protocol;

/// <summary>Where a channel leads, and its limits.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>http://host:port (HTTP/2 in clear text, without upgrade) or https://host:port.</summary>
    public required Uri Address { get; init; }

    /// <summary>Sent as the metadata x-api-key with every call.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Longest message accepted, before and after expansion.</summary>
    public int ReceiveMessageBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>How long a message that has begun to arrive may take.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection with a call on it that is silent this long is pinged ...</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>... and is lost when the answer takes longer than this.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>gzip or snappy to compress what is sent; null sends as is.</summary>
    public string? SendCompression { get; init; }

    /// <summary>For https: the server's certificate is checked as these options say. Null: against the machine's authorities.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>The product in front of this library's own in the header user-agent, for example "checkout/1.2".</summary>
    public string? UserAgent { get; init; }

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
