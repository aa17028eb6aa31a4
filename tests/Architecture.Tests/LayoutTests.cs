using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Observability.Architecture.Tests;

/// <summary>What the compiled code does not show: folders, project files, and the page's own arrows.</summary>
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

    [Theory]
    [InlineData("wire")]
    [InlineData("store")]
    [InlineData("paint")]
    public void Dashboard_BelowThePanels_ImportsNoReact(string folder)
    {
        string[] files = [.. Repository.Sources(Path.Combine("dashboard", "src", folder), "*.ts", "*.tsx")];

        Assert.NotEmpty(files);
        Assert.All(files, path => Assert.DoesNotMatch(ReactImport(), File.ReadAllText(path)));
    }

    [Theory]
    [InlineData("wire", "panels")]
    [InlineData("store", "panels")]
    [InlineData("paint", "panels")]
    [InlineData("wire", "paint")]
    [InlineData("store", "paint")]
    public void Dashboard_Folder_DoesNotImport(string from, string to) =>
        Assert.All(
            Repository.Sources(Path.Combine("dashboard", "src", from), "*.ts", "*.tsx"),
            path => Assert.DoesNotMatch($@"from\s+['""][^'""]*/{to}/", File.ReadAllText(path)));

    [Theory]
    [InlineData("import { useRef } from 'react'", true)]
    [InlineData("import { createRoot } from \"react-dom/client\"", true)]
    [InlineData("import { reaction } from '../reactions'", false)]
    public void ReactImport_PlantedLine_IsSeen(string line, bool seen) => Assert.Equal(seen, ReactImport().IsMatch(line));

    private static string[] Projects() => [.. Repository.Sources(".", "*.csproj")];

    [GeneratedRegex(@"from\s+['""]react(-dom)?(/[^'""]*)?['""]")]
    private static partial Regex ReactImport();

    [GeneratedRegex(@"(^|\.)(Common|Core|Shared|Utils)$")]
    private static partial Regex CatchAll();
}
