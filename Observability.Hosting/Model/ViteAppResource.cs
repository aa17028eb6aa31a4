namespace Aspire.Hosting.JavaScript;

/// <summary>A web page developed with Vite: served by its development server while the graph runs, built to files when published.</summary>
public sealed class ViteAppResource : ExecutableResource, IResourceWithServiceDiscovery, IResourceWithContainerFiles
{
    private const string Remedy = "Install Node.js (it brings npm): https://nodejs.org/en/download. The rest of the graph runs without it";

    internal ViteAppResource(string name, string workingDirectory)
        : base(name, "npm", workingDirectory)
    {
        MissingCommandRemedy = Remedy;
    }

    /// <summary>Installs the packages before the page starts. In run mode only.</summary>
    internal ExecutableResource CreateInstaller() =>
        new($"{Name}-installer", Command, WorkingDirectory) { Parent = this, MissingCommandRemedy = Remedy, Arguments = { "install" } };
}
