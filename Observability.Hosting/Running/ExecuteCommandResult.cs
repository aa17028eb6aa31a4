namespace Aspire.Hosting.ApplicationModel;

/// <summary>How a command to a resource ended.</summary>
public sealed class ExecuteCommandResult
{
    public required bool Success { get; init; }
    public string? ErrorMessage { get; init; }
}
