using Aspire.Hosting.Running;

namespace Hosting.Tests.Running;

public sealed class LaunchSpecTests
{
    [Fact]
    public void RemoveMisleading_VariablesOfTheAppHostItself_AreNotInherited()
    {
        var environment = new Dictionary<string, string?> { ["ASPNETCORE_URLS"] = "http://localhost:1", ["DOTNET_LAUNCH_PROFILE"] = "http", ["PATH"] = "/bin" };
        LaunchSpecFactory.RemoveMisleading(environment);
        Assert.Equal(["PATH"], environment.Keys);
    }

    [Fact]
    public void Find_ProgramsOnAndOffPath_AreFoundAndNot()
    {
        Assert.True(Path.IsPathRooted(ProgramPath.Find("dotnet")));
        Assert.Null(ProgramPath.Find("no-such-program-anywhere"));
        Assert.Null(ProgramPath.Find("/no/such/program"));
    }
}
