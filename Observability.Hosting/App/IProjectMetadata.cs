namespace Aspire.Hosting;

/// <summary>Where a referenced project lies. Implemented by the <c>Projects.*</c> classes that the build of an AppHost writes.</summary>
public interface IProjectMetadata
{
    string ProjectPath { get; }

    /// <summary>Whether the project is built already when the graph runs.</summary>
    bool SuppressBuild { get; }
}
