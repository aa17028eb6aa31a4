namespace Aspire.Hosting.ApplicationModel;

/// <summary>What a container sees at a path of its own: a file or directory of the host, or a volume that outlives it.</summary>
internal sealed record ContainerMount(bool IsBind, string Source, string Target, bool IsReadOnly);
