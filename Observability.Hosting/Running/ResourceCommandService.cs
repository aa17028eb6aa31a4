namespace Aspire.Hosting.ApplicationModel;

/// <summary>Starts and stops single resources of a running graph.</summary>
public sealed class ResourceCommandService
{
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(4);

    private readonly GraphRunner _runner;

    internal ResourceCommandService(GraphRunner runner)
    {
        _runner = runner;
    }

    /// <summary>Returns when the resource was stopped, or its start was begun. A resource that runs is started already.</summary>
    public async Task<ExecuteCommandResult> ExecuteCommandAsync(
        string resourceId, string commandName, CancellationToken cancellationToken = default)
    {
        if (_runner.Instances.FirstOrDefault(instance => string.Equals(instance.Id, resourceId, StringComparison.OrdinalIgnoreCase)) is not { } instance)
        {
            return Failure($"Cannot {commandName} '{resourceId}', because the graph has no resource of that name. " +
                $"It has: {string.Join(", ", _runner.Instances.Select(instance => instance.Id))}.");
        }
        if (commandName != KnownResourceCommands.StartCommand && commandName != KnownResourceCommands.StopCommand
            && commandName != KnownResourceCommands.RestartCommand)
        {
            return Failure($"Cannot do '{commandName}' with '{resourceId}'. It knows: {KnownResourceCommands.StartCommand}, " +
                $"{KnownResourceCommands.StopCommand}, {KnownResourceCommands.RestartCommand}.");
        }
        bool stops = commandName != KnownResourceCommands.StartCommand;
        await (stops ? instance.StopAsync(StopGrace) : instance.SettleAsync()).WaitAsync(cancellationToken);
        if (commandName != KnownResourceCommands.StopCommand)
        {
            instance.Start();
        }
        return new ExecuteCommandResult { Success = true };
    }

    private static ExecuteCommandResult Failure(string message) => new() { Success = false, ErrorMessage = message };
}
