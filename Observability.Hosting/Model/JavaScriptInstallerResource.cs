namespace Aspire.Hosting.JavaScript;

/// <summary>Installs the packages of a JavaScript application before it starts. Exists in run mode only.</summary>
internal sealed class JavaScriptInstallerResource : ExecutableResource
{
    public JavaScriptInstallerResource(string name, string workingDirectory)
        : base(name, NodePackageManager.Command, workingDirectory)
    {
        MissingCommandRemedy = NodePackageManager.MissingRemedy;
        Arguments.Add("install");
    }
}
