namespace Observability.Protocol;

/// <summary>What one call adds to its channel's options.</summary>
public sealed class GrpcCallOptions
{
    public static readonly GrpcCallOptions Default = new();

    /// <summary>The call ends with DEADLINE_EXCEEDED after this time, here and at the server. Null: never.</summary>
    public TimeSpan? Timeout { get; init; }

    public GrpcMetadata? Metadata { get; init; }
}
