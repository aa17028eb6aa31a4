namespace Aspire.Hosting.Running;

/// <summary>Holds a resource back until all that it waits for is ready.</summary>
internal sealed class DependencyWait(ResourceInstance instance, RunContext run)
{
    public async Task RunAsync(Action<string> onWaiting, CancellationToken stop)
    {
        foreach (WaitAnnotation wait in instance.Resource.Waits)
        {
            foreach (string dependencyId in run.InstanceIdsOf(wait.Dependency))
            {
                bool ready = run.Notifications.TryGet(dependencyId, out ResourceEvent? now) && IsReady(wait, now!);
                if (!ready)
                {
                    onWaiting($"for {dependencyId}");
                    ResourceEvent change = await run.Notifications.WaitAsync(
                        change => change.ResourceId == dependencyId && (IsReady(wait, change) || IsHopeless(wait, change)), stop);
                    ThrowIfHopeless(wait, change);
                }
            }
        }
    }

    private static string Describe(ResourceSnapshot snapshot) =>
        snapshot.State == KnownResourceStates.FailedToStart ? "could not be started (see above)" : snapshot.Detail ?? "was stopped";

    private static bool IsReady(WaitAnnotation wait, ResourceEvent change) =>
        !wait.UntilCompleted
            ? ResourceNotificationService.IsHealthy(change)
            : change.Snapshot is { ExitCode: 0 } && change.Snapshot.State == KnownResourceStates.Finished;

    private bool IsHopeless(WaitAnnotation wait, ResourceEvent change)
    {
        // A person may yet start a failed dependency, or restart it; a test, or whoever waits for a completion, waits in vain.
        return ResourceNotificationService.IsOver(change) && (wait.UntilCompleted || run.Options.FailDependents);
    }

    private void ThrowIfHopeless(WaitAnnotation wait, ResourceEvent change)
    {
        if (!IsReady(wait, change))
        {
            throw new DistributedApplicationException(
                $"Cannot start '{instance.Id}', because it waits for '{change.ResourceId}', which {Describe(change.Snapshot)}.");
        }
    }
}
