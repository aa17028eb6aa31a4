using System.Text.RegularExpressions;
using Aspire.Hosting.Publishing;
using Hosting.Tests.Model;

namespace Hosting.Tests.Publishing;

/// <summary>
/// What is published of <see cref="ReferenceGraph"/>, byte by byte. It differs from what Aspire writes in nothing but the position of
/// files: paths in the manifest are relative to where it is written.
/// </summary>
public sealed partial class PublishingTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("published-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Manifest_OfTheReferenceGraph_IsTheGoldenFile()
    {
        IDistributedApplicationBuilder builder = ReferenceGraph.Create();
        GraphPublisher.AllocatePorts(builder.Resources);
        string manifest = new ManifestWriter(builder.ExecutionContext, builder.AppHostDirectory).Write(builder.Resources);
        Golden.Matches("manifest.json", manifest);
    }

    [Fact]
    public void Compose_OfTheReferenceGraph_IsTheGoldenFile()
    {
        Publish(ReferenceGraph.Create());
        Golden.Matches("docker-compose.yaml", Read("docker-compose.yaml"));
        Golden.Matches("example.env", Read(".env"));
    }

    [Fact]
    public void Compose_PublishedAgain_KeepsWhatWasFilledIn()
    {
        Publish(ReferenceGraph.Create());
        string filledIn = Read(".env").Replace("AGGREGATOR_IMAGE=", "AGGREGATOR_IMAGE=here/aggregator:7=x", StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_directory, ".env"), filledIn);

        Publish(ReferenceGraph.Create());

        Assert.Equal(filledIn, Read(".env"));
    }

    [Fact]
    public void Compose_EveryVariable_HasALineInTheEnvironmentFile()
    {
        Publish(ReferenceGraph.Create());
        string[] variables = [.. Variable().Matches(Read("docker-compose.yaml")).Select(match => match.Groups[1].Value).Distinct().Order()];
        string[] lines = [.. File.ReadLines(Path.Combine(_directory, ".env")).Where(line => line.EndsWith('=')).Select(line => line[..^1])];
        Assert.Equal(6, variables.Length);
        Assert.Equal(variables, lines);
    }

    [Fact]
    public void Compose_DollarSignInAValue_IsNoVariable()
    {
        IDistributedApplicationBuilder builder = GraphBuilder.Create("--operation", "publish");
        builder.AddDockerComposeEnvironment("compose");
        builder.AddContainer("tool", "example/tool", "1").WithEnvironment("PRICE", "$5 \"net\"").WithArgs("--a", "$HOME");
        Publish(builder);
        Assert.Contains("      PRICE: \"$$5 \\\"net\\\"\"\n", Read("docker-compose.yaml"), StringComparison.Ordinal);
        Assert.Contains("    command:\n      - \"--a\"\n      - \"$$HOME\"\n", Read("docker-compose.yaml"), StringComparison.Ordinal);
    }

    [Fact]
    public void Compose_PortsWithoutANumber_AreTheSameEachTimeAndOnlyExposed()
    {
        IDistributedApplicationBuilder builder = GraphBuilder.Create("--operation", "publish");
        builder.AddDockerComposeEnvironment("compose");
        builder.AddSample("service").WithHttpEndpoint(env: "FIRST").WithHttpEndpoint(name: "second", env: "SECOND");
        Publish(builder);
        Assert.Contains("      FIRST: \"8000\"\n      SECOND: \"8001\"\n    expose:\n      - \"8000\"\n      - \"8001\"\n", Read("docker-compose.yaml"), StringComparison.Ordinal);
    }

    [Fact]
    public void Publish_WithoutEnvironmentOrPath_SaysWhatToDo()
    {
        IDistributedApplicationBuilder builder = GraphBuilder.Create("--operation", "publish");
        Assert.Contains("--output-path", Assert.Throws<DistributedApplicationException>(() => Publish(builder, withPath: false)).Message, StringComparison.Ordinal);
        Assert.Contains("AddDockerComposeEnvironment", Assert.Throws<DistributedApplicationException>(() => Publish(builder)).Message, StringComparison.Ordinal);
    }

    private void Publish(IDistributedApplicationBuilder builder, bool withPath = true)
    {
        if (withPath)
        {
            builder.Configuration["output-path"] = _directory;
        }
        GraphPublisher.Publish(builder.Resources, builder.ExecutionContext, builder.Configuration);
    }

    private string Read(string name) => File.ReadAllText(Path.Combine(_directory, name));

    [GeneratedRegex(@"(?<!\$)\$\{(\w+)")]
    private static partial Regex Variable();
}
