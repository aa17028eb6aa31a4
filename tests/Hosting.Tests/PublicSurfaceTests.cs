using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Hosting.Tests;

/// <summary>
/// The host offers what our graph and tests use and nothing more, so that the rest of Aspire's API fails to compile instead of doing
/// nothing.
/// </summary>
public sealed partial class PublicSurfaceTests
{
    private const int LinesMax = 4_000;

    /// <summary>Members that no source file of ours names, with the reason they are there.</summary>
    private static readonly HashSet<string> UsedByGeneratedCode =
    [
        // The Projects.* classes that build/AppHost.targets writes.
        "IProjectMetadata.ProjectPath", "IProjectMetadata.SuppressBuild",
    ];

    private static readonly string Root = FindRoot();

    [Fact]
    public void PublicMembers_AllOfThem_AreUsedByTheGraphOrItsTests()
    {
        HashSet<string> words = [.. SourceFiles("Observability.AppHost").Concat(SourceFiles("tests/Integration.Tests"))
            .SelectMany(file => Word().Matches(File.ReadAllText(file)).Select(match => match.Value))];
        string[] unused = [.. PublicMembers().Where(member => !words.Contains(member.Split('.')[1]) && !UsedByGeneratedCode.Contains(member))];
        Assert.True(unused.Length == 0, "Not used: " + string.Join(", ", unused));
    }

    [Fact]
    public void Sources_OfTheHost_StayWithinTheirBound()
    {
        int lines = SourceFiles("Observability.Hosting").Sum(file => File.ReadLines(file).Count());
        Assert.InRange(lines, 1, LinesMax);
    }

    private static IEnumerable<string> PublicMembers()
    {
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        return typeof(DistributedApplication).Assembly.GetExportedTypes()
            .Where(type => type.GetCustomAttribute<InterpolatedStringHandlerAttribute>() is null && !typeof(Exception).IsAssignableFrom(type))
            .SelectMany(type => type.GetMembers(Declared).Where(IsNamedByUsers).Select(member => $"{type.Name.Split('`')[0]}.{member.Name}"))
            .Distinct();
    }

    private static bool IsNamedByUsers(MemberInfo member)
    {
        bool isOverrideOfObject = member is MethodInfo method && method.GetBaseDefinition().DeclaringType == typeof(object);
        bool isDispose = member.Name is "DisposeAsync";
        return !isOverrideOfObject && !isDispose && member is MethodInfo { IsSpecialName: false } or PropertyInfo or FieldInfo { IsSpecialName: false } or EventInfo;
    }

    private static IEnumerable<string> SourceFiles(string folder)
    {
        return Directory.EnumerateFiles(Path.Combine(Root, folder), "*.*", SearchOption.AllDirectories)
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".targets", StringComparison.Ordinal))
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
    }

    private static string FindRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Observability.sln")))
        {
            directory = directory.Parent;
        }
        return directory?.FullName ?? throw new InvalidOperationException("Cannot find the repository above the test's directory.");
    }

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}
