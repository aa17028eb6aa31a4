using System.Text.RegularExpressions;

namespace Observability.Architecture.Tests;

/// <summary>The page's arrows: wire, store, paint, live.ts, panels, main.tsx, each importing only those before it; React in the last two alone; no circle.</summary>
public sealed partial class DashboardTests
{
    private static readonly string[] s_floors = ["wire", "store", "paint", "live", "panels", "main"];

    [Fact]
    public void Files_ImportOnlyTheirOwnFolderAndThoseBelow() => Assert.Empty(Upward(ReadImports()));

    [Fact]
    public void Files_FormNoCircle() => Assert.Empty(Circle(ReadImports()));

    [Fact]
    public void Files_BelowThePanels_ImportNoReact()
    {
        string[] files = [.. Files().Where(path => FloorOf(NameOf(path)) < Array.IndexOf(s_floors, "panels"))];

        Assert.NotEmpty(files);
        Assert.All(files, path => Assert.DoesNotMatch(ReactImport(), File.ReadAllText(path)));
    }

    [Fact]
    public void Imports_OfThePage_AreFound()
    {
        Dictionary<string, string[]> imports = ReadImports();

        Assert.Contains("paint/loop", imports["live"]);
        Assert.Contains("panels/App", imports["main"]);
        Assert.All(s_floors, floor => Assert.Contains(imports.Keys, file => file.Split('/')[0] == floor));
    }

    [Theory]
    [InlineData("store/a", "wire/a", true)]
    [InlineData("store/a", "store/b", true)]
    [InlineData("store/a", "paint/a", false)]
    [InlineData("paint/a", "live", false)]
    [InlineData("live", "panels/a", false)]
    public void Upward_PlantedImport_IsSeen(string from, string to, bool allowed) =>
        Assert.Equal(allowed ? [] : [$"{from} -> {to}"], Upward(new() { [from] = [to] }));

    [Fact]
    public void Circle_PlantedAmongThreeFiles_IsNamed() =>
        Assert.Equal(
            ["paint/a", "paint/b", "paint/c", "paint/a"],
            Circle(new() { ["paint/x"] = ["paint/a"], ["paint/a"] = ["wire/a", "paint/b"], ["paint/b"] = ["paint/c"], ["paint/c"] = ["paint/a"] }));

    [Theory]
    [InlineData("import { useRef } from 'react'", true)]
    [InlineData("import { createRoot } from \"react-dom/client\"", true)]
    [InlineData("import { create } from 'zustand'", true)]
    [InlineData("import { reaction } from '../reactions'", false)]
    public void ReactImport_PlantedLine_IsSeen(string line, bool seen) => Assert.Equal(seen, ReactImport().IsMatch(line));

    /// <summary>Imports that go from a lower folder to a higher one, as "from -> to".</summary>
    private static string[] Upward(Dictionary<string, string[]> imports) =>
        [.. from file in imports from imported in file.Value where FloorOf(imported) > FloorOf(file.Key) select $"{file.Key} -> {imported}"];

    /// <summary>One circle, with its first file repeated at the end; empty when there is none.</summary>
    private static string[] Circle(Dictionary<string, string[]> imports)
    {
        HashSet<string> done = [];
        List<string> path = [];
        return [.. imports.Keys.Select(Visit).FirstOrDefault(circle => circle.Length > 0) ?? []];

        string[] Visit(string file)
        {
            int at = path.IndexOf(file);
            if (at >= 0)
            {
                return [.. path.Skip(at), file];
            }

            if (!done.Add(file))
            {
                return [];
            }

            path.Add(file);
            string[] circle = imports.GetValueOrDefault(file, []).Select(Visit).FirstOrDefault(found => found.Length > 0) ?? [];
            path.RemoveAt(path.Count - 1);
            return circle;
        }
    }

    private static int FloorOf(string file) => Array.IndexOf(s_floors, file.Split('/')[0]);

    private static Dictionary<string, string[]> ReadImports() => Files().ToDictionary(
        NameOf,
        path => RelativeImport().Matches(File.ReadAllText(path))
            .Select(match => NameOf(Path.GetFullPath(match.Groups["path"].Value, Path.GetDirectoryName(path)!)))
            .Where(name => !name.EndsWith(".css", StringComparison.Ordinal))
            .ToArray());

    private static IEnumerable<string> Files() => Repository.Sources(Path.Combine("dashboard", "src"), "*.ts", "*.tsx");

    /// <summary>"paint/loop" of ".../dashboard/src/paint/loop.ts".</summary>
    private static string NameOf(string path) =>
        SourceExtension().Replace(Path.GetRelativePath(Repository.PathOf("dashboard", "src"), path).Replace('\\', '/'), "");

    [GeneratedRegex(@"(from|import\(|import)\s*['""](?<path>\.[^'""]*)['""]")]
    private static partial Regex RelativeImport();

    [GeneratedRegex(@"\.tsx?$")]
    private static partial Regex SourceExtension();

    [GeneratedRegex(@"from\s+['""](react(-dom)?|zustand)(/[^'""]*)?['""]")]
    private static partial Regex ReactImport();
}
