namespace Aspire.Hosting.JavaScript;

/// <summary>A web page developed with Vite: served by its development server while the graph runs, built to files when published.</summary>
public sealed class ViteAppResource : ExecutableResource, IResourceWithServiceDiscovery, IResourceWithContainerFiles
{
    internal ViteAppResource(string name, string workingDirectory)
        : base(name, NodePackageManager.Command, workingDirectory)
    {
        MissingCommandRemedy = NodePackageManager.MissingRemedy;
    }
}
