namespace Hosting.Tests.Model;

public sealed class ResourceTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("aggregator-2")]
    [InlineData("Aggregator")]
    public void Constructor_ValidName_KeepsIt(string name)
    {
        Assert.Equal(name, GraphBuilder.Create().AddSample(name).Resource.Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2nd")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a--b")]
    [InlineData("a_b")]
    [InlineData("ä")]
    [InlineData("a b")]
    public void Constructor_InvalidName_IsRefused(string name)
    {
        Assert.Throws<ArgumentException>(() => GraphBuilder.Create().AddSample(name));
    }

    [Fact]
    public void Constructor_NameAtAndPastTheLimit_IsKeptAndRefused()
    {
        GraphBuilder.Create().AddSample(new string('a', 64));
        var exception = Assert.Throws<ArgumentException>(() => GraphBuilder.Create().AddSample(new string('a', 65)));
        Assert.Contains("64", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddResource_NameTakenInOtherCase_IsRefused()
    {
        IDistributedApplicationBuilder builder = GraphBuilder.Create();
        builder.AddSample("service");
        var exception = Assert.Throws<DistributedApplicationException>(() => builder.AddSample("Service"));
        Assert.Contains("'service'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddProject_LaunchProfile_IsRefused()
    {
        var exception = Assert.Throws<DistributedApplicationException>(() => GraphBuilder.Create().AddProject<SampleProject>("service", "https"));
        Assert.Contains("'https'", exception.Message, StringComparison.Ordinal);
    }
}
