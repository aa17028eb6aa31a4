using System.Globalization;

namespace Hosting.Tests.Model;

public sealed class EnvironmentTests
{
    private readonly IDistributedApplicationBuilder _builder = GraphBuilder.Create("--Parameters:api-keys=k1,k2");

    [Fact]
    public void WithReference_TellsEveryEndpointInBothWays()
    {
        var aggregator = _builder.AddSample("aggregator-2")
            .WithHttpEndpoint(port: 61001, name: "grpc", isProxied: false)
            .WithHttpEndpoint(port: 61002, name: "http", isProxied: false);
        var agent = _builder.AddSample("agent").WithReference(aggregator);

        Dictionary<string, string> environment = _builder.EnvironmentOf(agent);

        Assert.Equal("http://localhost:61001", environment["AGGREGATOR_2_GRPC"]);
        Assert.Equal("http://localhost:61001", environment["services__aggregator-2__grpc__0"]);
        Assert.Equal("http://localhost:61002", environment["AGGREGATOR_2_HTTP"]);
        Assert.Equal("http://localhost:61002", environment["services__aggregator-2__http__0"]);
    }

    [Fact]
    public void WithEnvironment_EveryKindOfValue_IsResolved()
    {
        var keys = _builder.AddParameter("api-keys", secret: true);
        var first = _builder.AddSample("first").WithHttpEndpoint(port: 61003, isProxied: false);
        var second = _builder.AddSample("second").WithHttpEndpoint(port: 61004, isProxied: false);
        var agent = _builder.AddSample("agent")
            .WithEnvironment("TEXT", "plain {0}")
            .WithEnvironment("ENDPOINT", first.GetEndpoint("http"))
            .WithEnvironment("PARAMETER", keys)
            .WithEnvironment("EXPRESSION", ReferenceExpression.Create($"{{{first.GetEndpoint("http")}}},{second.GetEndpoint("http")}/x?k={keys}"));

        Dictionary<string, string> environment = _builder.EnvironmentOf(agent);

        Assert.Equal("plain {0}", environment["TEXT"]);
        Assert.Equal("http://localhost:61003", environment["ENDPOINT"]);
        Assert.Equal("k1,k2", environment["PARAMETER"]);
        Assert.Equal("{http://localhost:61003},http://localhost:61004/x?k=k1,k2", environment["EXPRESSION"]);
    }

    [Fact]
    public void WithEnvironment_EveryKindOfValue_HasAnExpressionToPublish()
    {
        var keys = _builder.AddParameter("api-keys", secret: true);
        var service = _builder.AddSample("service").WithHttpEndpoint(env: "PORT");
        service.WithEnvironment("KEYS", keys)
            .WithEnvironment("JOINED", ReferenceExpression.Create($"{ReferenceExpression.Create($"{service.GetEndpoint("http")}")},{keys}"));

        Assert.Equal("{service.bindings.http.targetPort}", _builder.ExpressionOf(service, "PORT"));
        Assert.Equal("{api-keys.value}", _builder.ExpressionOf(service, "KEYS"));
        Assert.Equal("{service.bindings.http.url},{api-keys.value}", _builder.ExpressionOf(service, "JOINED"));
    }

    [Fact]
    public void WithEndpoint_Variable_TellsThePortAndKeepsItOutOfTheUrls()
    {
        var service = _builder.AddSample("service")
            .WithHttpEndpoint(port: 61005, name: "told", env: "TOLD_PORT", isProxied: false)
            .WithHttpEndpoint(port: 61006, name: "http", isProxied: false)
            .WithEndpoint(port: 61007, name: "raw", isProxied: false);

        Dictionary<string, string> environment = _builder.EnvironmentOf(service);

        Assert.Equal("61005", environment["TOLD_PORT"]);
        Assert.Equal("http://localhost:61006", environment["ASPNETCORE_URLS"]);
    }

    [Fact]
    public void AddProject_WithoutUrls_GetsNone()
    {
        Assert.DoesNotContain("ASPNETCORE_URLS", _builder.EnvironmentOf(_builder.AddSample("service")));
    }

    [Fact]
    public void AddParameter_HyphensWrittenAsUnderscores_IsFound()
    {
        IDistributedApplicationBuilder builder = GraphBuilder.Create("--Parameters:api_keys=k3");
        var service = builder.AddSample("service").WithEnvironment("KEYS", builder.AddParameter("api-keys"));
        Assert.Equal("k3", builder.EnvironmentOf(service)["KEYS"]);
    }

    [Fact]
    public void AddParameter_WithoutValue_IsRefusedWithTheRemedy()
    {
        var service = _builder.AddSample("service").WithEnvironment("X", _builder.AddParameter("password", secret: true));
        var exception = Assert.Throws<DistributedApplicationException>(() => _builder.EnvironmentOf(service));
        Assert.Contains("--Parameters:password=VALUE", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddViteApp_TellsItsPortTwiceAndInstallsFirst()
    {
        var page = _builder.AddViteApp("page", "../page").WithEndpoint("http", endpoint => endpoint.Port = 61008);

        Dictionary<string, string> environment = _builder.EnvironmentOf(page);

        Assert.Equal("61008", environment["PORT"]);
        Assert.Equal("development", environment["NODE_ENV"]);
        var port = Assert.IsType<EndpointReferenceExpression>(page.Resource.Arguments[^1]);
        Assert.Equal(["run", "dev", "--", "--port"], page.Resource.Arguments.SkipLast(1));
        Assert.Equal(61008.ToString(CultureInfo.InvariantCulture), ((IValueProvider)port).GetValue());
        WaitAnnotation wait = Assert.Single(page.Resource.Waits);
        Assert.Equal(("page-installer", true), (wait.Dependency.Name, wait.UntilCompleted));
        Assert.Same(page.Resource, wait.Dependency.Parent);
    }

    [Fact]
    public void PublishWithContainerFiles_InRunMode_MeansNothing()
    {
        var page = _builder.AddViteApp("page", "../page");
        var service = _builder.AddSample("service").PublishWithContainerFiles(page, "wwwroot");
        Assert.Empty(service.Resource.ContainerFiles);
    }

    [Fact]
    public void AddDockerComposeEnvironment_InRunMode_IsNoPartOfTheGraph()
    {
        _builder.AddDockerComposeEnvironment("compose").WithDashboard(false);
        Assert.Empty(_builder.Resources);
    }
}
