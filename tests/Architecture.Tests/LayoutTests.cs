using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Observability.Architecture.Tests;

/// <summary>What the compiled code does not show: folders and project files.</summary>
public sealed partial class LayoutTests
{
    [Fact]
    public void Solution_ListsEveryProject()
    {
        string solution = File.ReadAllText(Repository.PathOf("Observability.sln")).Replace('\\', '/');
        IEnumerable<string> projects = Directory.EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'))
            .Where(path => !path.Contains("node_modules", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal));

        Assert.All(projects, project => Assert.Contains(project, solution, StringComparison.Ordinal));
    }

    [Fact]
    public void Projects_HaveNoPackageVersionOfTheirOwn()
    {
        foreach (string path in Projects())
        {
            // The AppHost's official packages carry their version with the SDK import that the packages belong to.
            IEnumerable<XElement> versioned = XDocument.Load(path).Descendants("PackageReference").Where(item => item.Attribute("Version") is not null);
            Assert.True(!versioned.Any(), $"{path} gives a version: versions stand in Directory.Packages.props.");
        }
    }

    [Fact]
    public void Projects_AreNotCatchAlls() =>
        Assert.DoesNotContain(Projects(), path => CatchAll().IsMatch(Path.GetFileNameWithoutExtension(path)));

    [Fact]
    public void AppHost_IsReferencedByIntegrationTestsAlone()
    {
        IEnumerable<string> referencing = Projects().Where(path => File.ReadAllText(path).Contains("Observability.AppHost.csproj", StringComparison.Ordinal));

        Assert.Equal(["Integration.Tests"], referencing.Select(Path.GetFileNameWithoutExtension));
    }

    [Fact]
    public void AppHost_Program_IsOneSourceForBothHosts() =>
        Assert.DoesNotContain("#if", File.ReadAllText(Repository.PathOf("Observability.AppHost", "Program.cs")), StringComparison.Ordinal);

    private static string[] Projects() => [.. Repository.Sources(".", "*.csproj")];

    [GeneratedRegex(@"(^|\.)(Common|Core|Shared|Utils)$")]
    private static partial Regex CatchAll();
}
