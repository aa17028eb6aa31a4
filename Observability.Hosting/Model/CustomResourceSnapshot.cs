using System.Collections.Immutable;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>What is shown of a resource that this host does not run itself.</summary>
public sealed class CustomResourceSnapshot
{
    public required string ResourceType { get; init; }
    public required ImmutableArray<ResourcePropertySnapshot> Properties { get; init; }
    public string? State { get; init; }
}

/// <summary>A further property of a resource. This host shows none.</summary>
public sealed class ResourcePropertySnapshot;

/// <summary>Says that a process of a resource is about to be started.</summary>
public sealed class BeforeResourceStartedEvent;
