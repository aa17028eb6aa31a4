namespace Aspire.Hosting.ApplicationModel;

/// <summary>Something the graph consists of: a program, a parameter, an environment to publish to. What can be asked of it, its interfaces say.</summary>
public interface IResource
{
    internal string Name { get; }
}

public interface IResourceWithEnvironment : IResource;

public interface IResourceWithArgs : IResource;

public interface IResourceWithEndpoints : IResource;

/// <summary>A resource whose endpoints others are told of by <c>WithReference</c>.</summary>
public interface IResourceWithServiceDiscovery : IResourceWithEndpoints;

/// <summary>A resource that runs as a container once published.</summary>
public interface IComputeResource : IResource;

public interface IResourceWithWaitSupport : IResource;

/// <summary>A resource that builds files which another one's container image can carry.</summary>
public interface IResourceWithContainerFiles : IResource;

public interface IContainerFilesDestinationResource : IResource;
