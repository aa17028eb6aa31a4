namespace Hosting.Tests.Publishing;

/// <summary>Files of the repository that hold what must come out. GOLDEN_WRITE=1 writes them anew, for a person to look at the change.</summary>
internal static class Golden
{
    public static void Matches(string name, string actual)
    {
        string path = Path.Combine(Root(), "tests", "Hosting.Tests", "Publishing", "golden", name);
        if (Environment.GetEnvironmentVariable("GOLDEN_WRITE") == "1")
        {
            File.WriteAllText(path, actual);
        }
        Assert.Equal(File.ReadAllText(path), actual);
    }

    private static string Root()
    {
        DirectoryInfo directory = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Observability.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("Cannot find the repository above the test's directory.");
        }
        return directory.FullName;
    }
}
