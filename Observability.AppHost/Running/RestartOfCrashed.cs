using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Observability.AppHost.Running;

/// <summary>Starts a process again that ended by itself with an error, later each time. What somebody stopped stays stopped.</summary>
internal sealed partial class RestartOfCrashed(
    ResourceNotificationService notifications, ResourceCommandService commands, ILogger<RestartOfCrashed> logger) : BackgroundService
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan DelayMax = TimeSpan.FromSeconds(30);

    /// <summary>Whoever ran for so long counts as well again.</summary>
    private static readonly TimeSpan WellAfter = TimeSpan.FromMinutes(1);

    /// <summary>By resource; a replica is one of its own. Only the loop below touches them.</summary>
    private readonly Dictionary<string, Instance> _instances = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (ResourceEvent change in notifications.WatchAsync(stoppingToken))
        {
            if (change.Resource.IsChild())
            {
                continue;
            }
            Instance instance = _instances.GetValueOrDefault(change.ResourceId) ?? (_instances[change.ResourceId] = new Instance());
            if (instance.HasCrashed(change.Snapshot))
            {
                TimeSpan delay = instance.NextDelay();
                LogCrash(change.ResourceId, change.Snapshot.ExitCode, delay.TotalSeconds);
                _ = StartAsync(change.ResourceId, delay, stoppingToken);
            }
        }
    }

    private async Task StartAsync(string resourceId, TimeSpan delay, CancellationToken cancellationToken)
    {
        await Task.Delay(delay, cancellationToken);
        ExecuteCommandResult result = await commands.ExecuteCommandAsync(resourceId, KnownResourceCommands.StartCommand, cancellationToken);
        if (!result.Success)
        {
            LogNotStarted(resourceId, result.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Resource} ended with exit code {ExitCode}; it is started again in {Seconds} s.")]
    private partial void LogCrash(string resource, int? exitCode, double seconds);

    [LoggerMessage(LogLevel.Error, "Cannot start {Resource} again: {Message}. Start it in Aspire's dashboard.")]
    private partial void LogNotStarted(string resource, string? message);

    private sealed class Instance
    {
        private string? _state;
        private DateTime _runningSince;
        private int _crashes;

        /// <summary>From running to ended, with an error, and without having been asked to stop in between.</summary>
        public bool HasCrashed(CustomResourceSnapshot snapshot)
        {
            string? before = _state;
            _state = snapshot.State?.Text;
            if (_state == KnownResourceStates.Running && before != KnownResourceStates.Running)
            {
                _runningSince = DateTime.UtcNow;
            }
            return before == KnownResourceStates.Running
                && (_state == KnownResourceStates.Exited || _state == KnownResourceStates.Finished)
                && snapshot.ExitCode != 0;
        }

        public TimeSpan NextDelay()
        {
            _crashes = DateTime.UtcNow - _runningSince > WellAfter ? 0 : _crashes + 1;
            return TimeSpan.FromSeconds(Math.Min(DelayMax.TotalSeconds, FirstDelay.TotalSeconds * Math.Pow(2, Math.Max(0, _crashes - 1))));
        }
    }
}

internal static class RestartOfCrashedExtensions
{
    public static void AddRestartOfCrashed(this IDistributedApplicationBuilder builder)
    {
        if (builder.ExecutionContext.IsRunMode)
        {
            builder.Services.AddHostedService<RestartOfCrashed>();
        }
    }
}
