using System.Runtime.InteropServices;

namespace Integration.Tests.Published;

/// <summary>What the AppHost publishes, in a directory of its own inside the repository that disposing removes.</summary>
internal sealed class PublishedGraph : IDisposable
{
    private PublishedGraph(string directory)
    {
        Directory = directory;
    }

    public static string Root { get; } = FindRoot();

    public string Directory { get; }

    public static async Task<PublishedGraph> ManifestAsync(params string[] arguments)
    {
        PublishedGraph graph = Create();
        await PublishAsync(["--publisher", "manifest", "--output-path", Path.Combine(graph.Directory, "aspire-manifest.json"), .. arguments]);
        return graph;
    }

    public static async Task<PublishedGraph> ComposeAsync(params string[] arguments)
    {
        PublishedGraph graph = Create();
        await graph.ComposeAgainAsync(arguments);
        return graph;
    }

    /// <summary>Publishes into the same directory once more.</summary>
    public Task ComposeAgainAsync(params string[] arguments) =>
        PublishAsync(["--operation", "publish", "--step", "publish", "--output-path", Directory, .. arguments]);

    public string Read(string name) => File.ReadAllText(Path.Combine(Directory, name));

    /// <summary>Fills in a line of .env.</summary>
    public void Decide(string name, string value)
    {
        string path = Path.Combine(Directory, ".env");
        File.WriteAllText(path, File.ReadAllText(path).Replace($"{name}=\n", $"{name}={value}\n", StringComparison.Ordinal));
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    private static PublishedGraph Create()
    {
        // Two levels below the root wherever the repository lies: relative paths in what is published are the same on every machine.
        string directory = Path.Combine(Root, "artifacts", $"published-{Guid.NewGuid():N}");
        System.IO.Directory.CreateDirectory(directory);
        return new PublishedGraph(directory);
    }

    private static async Task PublishAsync(string[] arguments)
    {
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        await Command.RunAsync(dotnet, [typeof(Projects.Observability_AppHost).Assembly.Location, .. arguments]);
    }

    private static string FindRoot()
    {
        DirectoryInfo directory = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Observability.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("Cannot find the repository above the test's directory.");
        }
        return directory.FullName;
    }
}
