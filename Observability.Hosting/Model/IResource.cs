namespace Aspire.Hosting.ApplicationModel;

/// <summary>Something the graph consists of: a program, a parameter, an environment to publish to.</summary>
public interface IResource
{
    internal string Name { get; }
}

/// <summary>A resource whose environment variables can be set.</summary>
public interface IResourceWithEnvironment : IResource;

/// <summary>A resource whose command line can be extended.</summary>
public interface IResourceWithArgs : IResource;

/// <summary>A resource that listens on ports.</summary>
public interface IResourceWithEndpoints : IResource;

/// <summary>A resource whose endpoints others are told of by <c>WithReference</c>.</summary>
public interface IResourceWithServiceDiscovery : IResourceWithEndpoints;

/// <summary>A resource that runs as a container once published.</summary>
public interface IComputeResource : IResource;

/// <summary>A resource whose start can be held back until others are ready.</summary>
public interface IResourceWithWaitSupport : IResource;

/// <summary>A resource that builds files which another one's container image can carry.</summary>
public interface IResourceWithContainerFiles : IResource;

/// <summary>A resource whose container image can carry the files of another one.</summary>
public interface IContainerFilesDestinationResource : IResource;
