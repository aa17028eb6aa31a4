using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Observability.AppHost.Compose;

namespace Integration.Tests.Published;

/// <summary>What our own graph does not happen to use of the compose publisher.</summary>
public sealed class ComposePublisherTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("compose-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Publish_DollarSignInAValue_IsNoVariable()
    {
        string text = await PublishAsync(builder =>
            builder.AddContainer("tool", "example/tool", "1").WithEnvironment("PRICE", "$5 \"net\"").WithArgs("--a", "$HOME"));
        Assert.Contains("      PRICE: \"$$5 \\\"net\\\"\"\n", text, StringComparison.Ordinal);
        Assert.Contains("    command:\n      - \"--a\"\n      - \"$$HOME\"\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Publish_PortsWithoutANumber_AreTheSameEachTimeAndOnlyExposed()
    {
        Task<string> PublishTwoAsync() => PublishAsync(builder =>
            builder.AddContainer("service", "example/service", "1").WithHttpEndpoint(env: "FIRST").WithHttpEndpoint(name: "second", env: "SECOND"));
        string text = await PublishTwoAsync();
        Assert.Contains("      FIRST: \"8000\"\n      SECOND: \"8001\"\n    expose:\n      - \"8000\"\n      - \"8001\"\n", text, StringComparison.Ordinal);
        Assert.Equal(text, await PublishTwoAsync());
    }

    [Fact]
    public async Task Publish_SecretAndReference_AreAVariableWithALineInTheEnvironmentFileAndTheOthersName()
    {
        string text = await PublishAsync(builder =>
        {
            var server = builder.AddContainer("server", "example/server", "1").WithHttpEndpoint(targetPort: 9090);
            builder.AddContainer("client", "example/client", "1")
                .WithEnvironment("KEY", builder.AddParameter("api-key", secret: true))
                .WithEnvironment("SERVER", server.GetEndpoint("http"))
                .WaitFor(server);
        });
        Assert.Contains("      KEY: \"${API_KEY}\"\n      SERVER: \"http://server:9090\"\n", text, StringComparison.Ordinal);
        Assert.Contains("    depends_on:\n      server:\n", text, StringComparison.Ordinal);
        Assert.Contains("API_KEY=\n", await File.ReadAllTextAsync(Path.Combine(_directory, ".env"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private async Task<string> PublishAsync(Action<IDistributedApplicationBuilder> describe)
    {
        IDistributedApplicationBuilder builder = DistributedApplication.CreateBuilder(["--operation", "publish", "--step", "publish", "--output-path", _directory]);
        describe(builder);
        await using DistributedApplication app = builder.Build();
        var publisher = new ComposePublisher(app.Services.GetRequiredService<DistributedApplicationModel>(), builder.ExecutionContext, _directory);
        await publisher.PublishAsync(TestContext.Current.CancellationToken);
        return await File.ReadAllTextAsync(Path.Combine(_directory, "docker-compose.yaml"), TestContext.Current.CancellationToken);
    }
}
