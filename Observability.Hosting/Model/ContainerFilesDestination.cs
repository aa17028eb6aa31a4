namespace Aspire.Hosting.ApplicationModel;

/// <summary>Files of another resource that the container image of this one carries when published.</summary>
internal sealed record ContainerFilesDestination(Resource Source, string DestinationPath);
