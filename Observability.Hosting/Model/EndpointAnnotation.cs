namespace Aspire.Hosting.ApplicationModel;

/// <summary>One port of a resource, as declared; <see cref="AllocatedPort"/> is what a run made of it.</summary>
public sealed class EndpointAnnotation
{
    internal EndpointAnnotation(string name, string uriScheme)
    {
        Name = name;
        UriScheme = uriScheme;
        Transport = uriScheme is "http" or "https" ? "http" : "tcp";
    }

    internal string Name { get; }
    internal string UriScheme { get; }

    /// <summary>The port that others use. None means a free one.</summary>
    public int? Port { get; set; }

    /// <summary>The port that the program itself listens on, when it is not for us to choose.</summary>
    internal int? TargetPort { get; init; }

    /// <summary>The environment variable that tells the program its port.</summary>
    internal string? PortVariable { get; init; }

    /// <summary><c>http</c>, or <c>http2</c> for an endpoint that speaks HTTP/2 without being asked.</summary>
    public string Transport { get; set; }

    /// <summary>Whether users reach it from outside of the machine or compose network it is published to.</summary>
    internal bool IsExternal { get; set; }

    /// <summary>Whether a proxy may stand in front of it, so that its own port is nobody's business.</summary>
    internal bool IsProxied { get; init; } = true;

    /// <summary>The port that the program listens on in this run; the same one others use, for this host has no proxy.</summary>
    internal int? AllocatedPort { get; set; }
}
