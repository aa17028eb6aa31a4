namespace Aspire.Hosting.ApplicationModel;

/// <summary>A resource is healthy when this path of this endpoint answers with this status.</summary>
internal sealed record HttpHealthCheck(EndpointReference Endpoint, string Path, int StatusCode);

/// <summary>What a container sees at a path of its own: a file or directory of the host, or a volume that outlives it.</summary>
internal sealed record ContainerMount(bool IsBind, string Source, string Target, bool IsReadOnly);

/// <summary>Files of another resource that the container image of this one carries when published.</summary>
internal sealed record ContainerFilesDestination(Resource Source, string DestinationPath);

/// <summary>Waits until the dependency runs and its health checks pass, or until it has ended with exit code 0.</summary>
internal sealed record WaitAnnotation(Resource Dependency, bool UntilCompleted = false);
