namespace Aspire.Hosting.ApplicationModel;

/// <summary>Any program that is found on PATH or by its own path.</summary>
public class ExecutableResource : Resource, IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport
{
    internal ExecutableResource(string name, string command, string workingDirectory)
        : base(name)
    {
        Command = command;
        WorkingDirectory = workingDirectory;
    }

    internal string Command { get; }

    internal string WorkingDirectory { get; }

    /// <summary>What to tell a person on whose machine the command is missing.</summary>
    internal string? MissingCommandRemedy { get; init; }
}
