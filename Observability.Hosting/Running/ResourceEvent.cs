namespace Aspire.Hosting.ApplicationModel;

/// <summary>A resource, or one replica of it, changed.</summary>
public sealed class ResourceEvent
{
    internal ResourceEvent(Resource resource, string resourceId, ResourceSnapshot snapshot)
    {
        Resource = resource;
        ResourceId = resourceId;
        Snapshot = snapshot;
    }

    internal Resource Resource { get; }

    /// <summary>The resource's name; with several replicas, its name and the replica's own suffix.</summary>
    internal string ResourceId { get; }
    internal ResourceSnapshot Snapshot { get; }

    /// <summary>Will not change by itself: it is over, or it works and is not meant to end as an installer is.</summary>
    internal bool IsSettled => Snapshot.IsCustom || (KnownResourceStates.IsTerminal(Snapshot.State)
        ? !Snapshot.WillRestart
        : Resource.Parent is null && Snapshot.State == KnownResourceStates.Running && Snapshot is { Healthy: true, Answers: true });

    internal bool IsOf(string nameOrId) =>
        string.Equals(Resource.Name, nameOrId, StringComparison.OrdinalIgnoreCase)
            || string.Equals(ResourceId, nameOrId, StringComparison.OrdinalIgnoreCase);
}
