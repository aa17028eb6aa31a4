namespace Hosting.Tests.Model;

/// <summary>A project that no test starts: only what the model says of it is looked at.</summary>
internal sealed class SampleProject : IProjectMetadata
{
    public string ProjectPath => Path.Combine(Path.GetTempPath(), "Sample", "Sample.csproj");

    public bool SuppressBuild => true;
}
