namespace Observability.Protocol;

/// <summary>Limits of one <see cref="GrpcMessageReader"/>.</summary>
public sealed class GrpcMessageReaderOptions
{
    public required int MessageBytesMax { get; init; }

    public GrpcEncoding Encoding { get; init; }

    /// <summary>How long a message that has begun to arrive may take. Idling between messages is never limited.</summary>
    public TimeSpan MessageTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>What a failed read of the pipe means; null lets the exception pass.</summary>
    public Func<Exception, GrpcStatus?> MapFailure { get; init; } = static _ => null;
}
