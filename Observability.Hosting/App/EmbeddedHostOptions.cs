namespace Aspire.Hosting;

/// <summary>What of this host's own behaviour, beyond Aspire's, can be switched. Configuration section <c>EmbeddedHost</c>.</summary>
internal sealed class EmbeddedHostOptions
{
    public const string Section = "EmbeddedHost";

    /// <summary>Starts a crashed resource again. Off under tests, which want to see a crash.</summary>
    public bool Restart { get; set; } = true;

    /// <summary>Shows logs and the table of resources on the console. Off under tests.</summary>
    public bool Console { get; set; } = true;

    /// <summary>Replaces fixed ports of proxied endpoints by free ones. On under tests, as Aspire does it there.</summary>
    public bool RandomizePorts { get; set; }

    /// <summary>When a resource fails that others wait for: fail them too, instead of waiting for it to come back. On under tests, as
    /// in Aspire.</summary>
    public bool FailDependents { get; set; }

    /// <summary>Also shows what the host itself does. Given by <c>--verbose</c>.</summary>
    public bool Verbose { get; set; }
}
