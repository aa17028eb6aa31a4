namespace Aspire.Hosting.Running;

/// <summary>What all processes of a run share.</summary>
internal sealed class RunContext
{
    private readonly Dictionary<Resource, List<string>> _instanceIds = [];

    public required string Mark { get; init; }
    public required EmbeddedHostOptions Options { get; init; }
    public required ResourceNotificationService Notifications { get; init; }
    public required ResourceLogs Logs { get; init; }
    public required LaunchSpecFactory LaunchSpecs { get; init; }
    public required TimeProvider Time { get; init; }

    /// <summary>What must not be shown.</summary>
    public required IReadOnlyList<string> Secrets { get; init; }

    /// <summary>Called with what should never have happened. It ends the run.</summary>
    public required Action<Exception> OnBug { get; init; }
    public IReadOnlyList<string> InstanceIdsOf(Resource resource) => _instanceIds.GetValueOrDefault(resource) ?? [];

    public void Register(ResourceInstance instance)
    {
        if (!_instanceIds.TryGetValue(instance.Resource, out List<string>? ids))
        {
            _instanceIds[instance.Resource] = ids = [];
        }
        ids.Add(instance.Id);
    }

    /// <summary>Two installations in one directory would destroy each other's work, also those of another graph on this machine.</summary>
    public async Task<IDisposable> EnterInstallerAsync(Resource resource, CancellationToken stop) =>
        resource is ExecutableResource { Parent: not null } installer
            ? await DirectoryLock.EnterAsync(installer.WorkingDirectory, Time, stop)
            : DirectoryLock.None;
}
