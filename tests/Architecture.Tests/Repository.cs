using Mono.Cecil;

namespace Observability.Architecture.Tests;

/// <summary>Where the checkout and its compiled assemblies are.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string PathOf(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    /// <summary>Opens a project's compiled assembly, of the same configuration as this test.</summary>
    public static ModuleDefinition Open(string project, string assembly)
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string path = PathOf(project, "bin", configuration, "net10.0", assembly + ".dll");
        Assert.True(File.Exists(path), $"Cannot read {path}: build the solution first.");
        return ModuleDefinition.ReadModule(path);
    }

    /// <summary>Source files below a folder, build output and installed packages left out.</summary>
    public static IEnumerable<string> Sources(string folder, params string[] patterns) =>
        patterns.SelectMany(pattern => Directory.EnumerateFiles(PathOf(folder), pattern, SearchOption.AllDirectories))
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "node_modules" or "dist"));

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Observability.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"Cannot find Observability.sln above {AppContext.BaseDirectory}.");
    }
}
