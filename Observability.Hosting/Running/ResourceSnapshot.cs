namespace Aspire.Hosting.ApplicationModel;

/// <summary>What is known of one process of a resource at one moment.</summary>
internal sealed record ResourceSnapshot
{
    public required string State { get; init; }

    /// <summary>Whether its health checks pass; without any, whether it runs.</summary>
    public bool Healthy { get; init; }

    /// <summary>Whether something answers at its ports.</summary>
    public bool Answers { get; init; }
    public int? ProcessId { get; init; }
    public int? ExitCode { get; init; }

    /// <summary>The reason for the state, in words for people.</summary>
    public string? Detail { get; init; }

    /// <summary>Given by the graph, of a resource that has no process.</summary>
    public bool IsCustom { get; init; }

    /// <summary>Ended, but is going to be started again by itself.</summary>
    public bool WillRestart { get; init; }
}
