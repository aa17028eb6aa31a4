using System.Text.RegularExpressions;

namespace Observability.Architecture.Tests;

/// <summary>What the documentation points at is there.</summary>
public sealed partial class DocumentationTests
{
    [Fact]
    public void Links_OfEveryPage_LeadToFiles()
    {
        string[] pages = [.. Repository.Sources(".", "*.md")];

        Assert.NotEmpty(pages);
        Assert.Empty(pages.SelectMany(page => Broken(Path.GetDirectoryName(page)!, File.ReadAllText(page)).Select(target => $"{page}: {target}")));
    }

    [Theory]
    [InlineData("ARCHITECTURE.md")]
    [InlineData("CONTRIBUTING.md")]
    [InlineData("docs/adding-a-metric.md")]
    public void SourceFiles_ThatAPageNames_Exist(string page)
    {
        HashSet<string> names = [.. Repository.Sources(".", "*.cs", "*.ts", "*.tsx").Select(path => Path.GetFileName(path))];

        Assert.DoesNotContain(NamedFiles(File.ReadAllText(Repository.PathOf(page))), name => !Exists(name));

        bool Exists(string name) => name.Contains('/', StringComparison.Ordinal) ? File.Exists(Repository.PathOf(name)) : names.Contains(name);
    }

    [Theory]
    [InlineData("[there](README.md), [outside](https://example.org), [a part](README.md#start)", new string[0])]
    [InlineData("[gone](no/such/page.md)", new[] { "no/such/page.md" })]
    public void Broken_PlantedLink_IsNamed(string text, string[] broken) => Assert.Equal(broken, Broken(Repository.Root, text));

    [Fact]
    public void NamedFiles_PlantedName_IsFound() =>
        Assert.Equal(["Agent/PushThread.cs", "loop.ts"], NamedFiles("Open `Agent/PushThread.cs`, then `loop.ts`, not `eng/test.sh`."));

    private static string[] Broken(string folder, string text) =>
        [.. Link().Matches(text).Select(match => match.Groups["path"].Value).Where(path => path.Length > 0 && !Path.Exists(Path.Combine(folder, path)))];

    private static string[] NamedFiles(string text) => [.. SourceFile().Matches(text).Select(match => match.Groups["path"].Value)];

    [GeneratedRegex(@"\]\((?!\w+:)(?<path>[^)#\s]*)(#[^)]*)?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`(?<path>[\w./-]+\.(cs|ts|tsx))`")]
    private static partial Regex SourceFile();
}
