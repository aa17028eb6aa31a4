namespace Aspire.Hosting.ApplicationModel;

/// <summary>Knows the newest snapshot of every resource and lets others wait for a change.</summary>
public sealed class ResourceNotificationService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ResourceEvent> _newest = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Waiter> _waiters = [];

    internal ResourceNotificationService()
    {
    }

    /// <summary>Raised in order, under the lock: a listener only takes note.</summary>
    internal event Action<ResourceEvent>? Changed;

    internal IReadOnlyList<ResourceEvent> Newest
    {
        get
        {
            lock (_lock)
            {
                return [.. _newest.Values];
            }
        }
    }

    /// <summary>Waits until a resource is in a state; without one, until it runs.</summary>
    public async Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default)
    {
        string state = targetState ?? KnownResourceStates.Running;
        await WaitAsync(change => change.IsOf(resourceName) && change.Snapshot.State == state, cancellationToken, resourceName);
    }

    /// <summary>Waits until a resource runs and its health checks pass. Throws when it ends or fails instead.</summary>
    public async Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default)
    {
        ResourceEvent change = await WaitAsync(
            change => change.IsOf(resourceName) && (IsHealthy(change) || IsOver(change)), cancellationToken, resourceName);
        return IsHealthy(change) ? change : throw new DistributedApplicationException(
            $"Cannot wait for '{resourceName}' to become healthy, because it is {change.Snapshot.State}" +
            (change.Snapshot.Detail is { } detail ? $": {detail}" : "."));
    }

    internal static bool IsHealthy(ResourceEvent change) => change.Snapshot is { Healthy: true } && change.Snapshot.State == KnownResourceStates.Running;
    internal static bool IsOver(ResourceEvent change) => KnownResourceStates.IsTerminal(change.Snapshot.State) && !change.Snapshot.WillRestart;

    internal bool TryGet(string resourceId, out ResourceEvent? newest)
    {
        lock (_lock)
        {
            return _newest.TryGetValue(resourceId, out newest);
        }
    }

    internal void Publish(ResourceEvent change)
    {
        lock (_lock)
        {
            _newest[change.ResourceId] = change;
            Changed?.Invoke(change);
            _waiters.RemoveAll(waiter => waiter.Predicate(change) && waiter.Completion.TrySetResult(change));
        }
    }

    internal async Task<ResourceEvent> WaitAsync(
        Predicate<ResourceEvent> predicate, CancellationToken cancellationToken, string? resourceName = null)
    {
        var waiter = new Waiter(predicate, new TaskCompletionSource<ResourceEvent>(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            if (resourceName is not null && !_newest.Values.Any(newest => newest.IsOf(resourceName)))
            {
                throw new DistributedApplicationException(
                    $"Cannot wait for '{resourceName}', because the graph has no resource of that name. It has: {string.Join(", ", _newest.Keys)}.");
            }
            if (_newest.Values.FirstOrDefault(newest => predicate(newest)) is { } now)
            {
                return now;
            }
            _waiters.Add(waiter);
        }
        try
        {
            return await waiter.Completion.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_lock)
            {
                _waiters.Remove(waiter);
            }
        }
    }

    private sealed record Waiter(Predicate<ResourceEvent> Predicate, TaskCompletionSource<ResourceEvent> Completion);
}
