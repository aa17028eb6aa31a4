namespace Aspire.Hosting.ApplicationModel;

/// <summary>Any program that is found on PATH or by its own path.</summary>
public class ExecutableResource(string name, string command, string workingDirectory)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport
{
    internal string Command { get; } = command;
    internal string WorkingDirectory { get; } = workingDirectory;

    /// <summary>What to tell a person on whose machine the command is missing.</summary>
    internal string? MissingCommandRemedy { get; init; }
}
