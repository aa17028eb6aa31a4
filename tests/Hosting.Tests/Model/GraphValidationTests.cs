namespace Hosting.Tests.Model;

public sealed class GraphValidationTests
{
    private readonly IDistributedApplicationBuilder _builder = GraphBuilder.Create();

    [Fact]
    public void Build_ContainerEndpointWithoutTargetPort_IsRefused()
    {
        IDistributedApplicationBuilder builder = GraphBuilder.Create();
        builder.AddContainer("tool", "example/tool", "1").WithHttpEndpoint(port: 61040);
        var exception = Assert.Throws<DistributedApplicationException>(() => builder.Build());
        Assert.Contains("endpoint 'http' of container 'tool'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_CircleOfWaits_IsRefusedNamingIt()
    {
        var a = _builder.AddSample("a");
        var b = _builder.AddSample("b").WaitFor(a);
        var c = _builder.AddSample("c").WaitFor(b);
        b.WaitFor(c);
        var exception = Assert.Throws<DistributedApplicationException>(_builder.Build);
        Assert.Contains("b -> c -> b", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_WaitForItself_IsRefused()
    {
        var a = _builder.AddSample("a");
        a.WaitFor(a);
        var exception = Assert.Throws<DistributedApplicationException>(_builder.Build);
        Assert.Contains("a -> a", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Build_TwoWaysToTheSameResource_IsNoCircle()
    {
        var a = _builder.AddSample("a");
        var b = _builder.AddSample("b").WaitFor(a);
        var c = _builder.AddSample("c").WaitFor(a);
        _builder.AddSample("d").WaitFor(b).WaitFor(c).WaitFor(a);
        await using DistributedApplication app = _builder.Build();
        Assert.NotNull(app.ResourceNotifications);
    }

    [Fact]
    public void Build_ReplicasWithAnEndpoint_IsRefused()
    {
        _builder.AddSample("service").WithHttpEndpoint(name: "web").WithReplicas(2);
        var exception = Assert.Throws<DistributedApplicationException>(_builder.Build);
        Assert.Contains("'web'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("UseAspire", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_DifferentPortsWithoutProxy_IsRefused()
    {
        _builder.AddSample("service").WithHttpEndpoint(port: 61010, targetPort: 61011, isProxied: false);
        var exception = Assert.Throws<DistributedApplicationException>(_builder.Build);
        Assert.Contains("61010", exception.Message, StringComparison.Ordinal);
        Assert.Contains("61011", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_SamePortForProxyAndProgram_IsRefused()
    {
        _builder.AddSample("service").WithHttpEndpoint(port: 61012, targetPort: 61012);
        Assert.Throws<DistributedApplicationException>(_builder.Build);
    }

    [Fact]
    public void Build_OnePortForTwoEndpoints_IsRefusedNamingBoth()
    {
        _builder.AddSample("a").WithHttpEndpoint(port: 61013, targetPort: 61013, isProxied: false);
        _builder.AddSample("b").WithHttpEndpoint(port: 61013, name: "web");
        var exception = Assert.Throws<DistributedApplicationException>(_builder.Build);
        Assert.Contains("a/http and b/web", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithReplicas_BelowOne_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _builder.AddSample("service").WithReplicas(0));
    }
}
