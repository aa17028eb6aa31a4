namespace Aspire.Hosting;

/// <summary>What the build of an AppHost wrote into its assembly (build/AppHost.targets).</summary>
internal static class AppHostMetadata
{
    private const string ProjectDirectoryKey = "AppHostProjectPath";
    private const string TargetPathKeyPrefix = "AppHostTargetPath:";

    public static string? ProjectDirectory(Assembly? assembly) => Find(assembly, ProjectDirectoryKey);

    /// <summary>The built assembly of a referenced project.</summary>
    public static string? TargetPath(Assembly assembly, string projectPath) => Find(assembly, TargetPathKeyPrefix + projectPath);

    private static string? Find(Assembly? assembly, string key) =>
        assembly?.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(attribute => attribute.Key == key)?.Value;
}
