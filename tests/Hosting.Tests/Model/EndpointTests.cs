using Aspire.Hosting.Running;

namespace Hosting.Tests.Model;

public sealed class EndpointTests
{
    private readonly IDistributedApplicationBuilder _builder = GraphBuilder.Create();

    [Fact]
    public void WithEndpoint_WithoutName_IsNamedAfterItsScheme()
    {
        var service = _builder.AddSample("service").WithEndpoint(scheme: "http").WithEndpoint();
        Assert.Equal(["http", "tcp"], service.Resource.Endpoints.Select(endpoint => endpoint.Name));
    }

    [Fact]
    public void WithEndpoint_NameTaken_IsRefused()
    {
        var service = _builder.AddSample("service").WithHttpEndpoint();
        var exception = Assert.Throws<DistributedApplicationException>(() => service.WithHttpEndpoint(name: "HTTP"));
        Assert.Contains("'service'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithEndpoint_Callback_ChangesTheEndpoint()
    {
        var service = _builder.AddSample("service").WithHttpEndpoint(name: "grpc").WithEndpoint("grpc", endpoint =>
        {
            endpoint.Transport = "http2";
            endpoint.Port = 1234;
        });
        EndpointAnnotation endpoint = Assert.Single(service.Resource.Endpoints);
        Assert.Equal(("http2", 1234), (endpoint.Transport, endpoint.Port));
    }

    [Fact]
    public void WithEndpoint_CallbackForUnknownName_NamesThoseThereAre()
    {
        var service = _builder.AddSample("service").WithHttpEndpoint();
        var exception = Assert.Throws<DistributedApplicationException>(() => service.WithEndpoint("grpc", _ => { }));
        Assert.Contains("It has: http.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithExternalHttpEndpoints_OnlyHttpDeclaredSoFar_IsExternal()
    {
        var service = _builder.AddSample("service").WithHttpEndpoint().WithEndpoint(name: "raw").WithExternalHttpEndpoints().WithHttpEndpoint(name: "late");
        Assert.Equal([true, false, false], service.Resource.Endpoints.Select(endpoint => endpoint.IsExternal));
    }

    [Fact]
    public void GetEndpoint_OfUnknownName_IsRefusedWhenUsed()
    {
        var service = _builder.AddSample("service");
        var other = _builder.AddSample("other").WithEnvironment("X", service.GetEndpoint("http"));
        var exception = Assert.Throws<DistributedApplicationException>(() => _builder.EnvironmentOf(other));
        Assert.Contains("'http' of resource 'service'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GetEndpoint_BeforeTheStart_HasNoAddress()
    {
        var service = _builder.AddSample("service").WithHttpEndpoint();
        Assert.Throws<InvalidOperationException>(() => service.GetEndpoint("http").Url);
    }

    [Fact]
    public void Allocate_FixedPorts_KeepsThem()
    {
        var service = _builder.AddSample("service").WithHttpEndpoint(port: 61234, targetPort: 61234, isProxied: false);
        using var ports = new PortAllocation(_builder.Resources, randomizePorts: true);
        Assert.Equal(61234, service.Resource.Endpoints[0].AllocatedPort);
    }

    [Fact]
    public void Allocate_ProxiedPortUnderTests_TakesAFreeOne()
    {
        var service = _builder.AddSample("service").WithHttpEndpoint(port: 61234);
        using var ports = new PortAllocation(_builder.Resources, randomizePorts: true);
        Assert.NotEqual(61234, service.Resource.Endpoints[0].AllocatedPort);
    }

    [Fact]
    public void Allocate_NoPorts_TakesDifferentFreeOnes()
    {
        var service = _builder.AddSample("service");
        for (int index = 0; index < 50; index++)
        {
            service.WithHttpEndpoint(name: $"e{index}", isProxied: index % 2 == 0);
        }
        using var ports = new PortAllocation(_builder.Resources, randomizePorts: false);
        Assert.Equal(50, service.Resource.Endpoints.Select(endpoint => endpoint.AllocatedPort).Distinct().Count());
    }

    [Fact]
    public void WithHttpHealthCheck_UnknownEndpoint_IsRefused()
    {
        var service = _builder.AddSample("service").WithHttpEndpoint();
        Assert.Throws<DistributedApplicationException>(() => service.WithHttpHealthCheck("/health", endpointName: "web"));
    }

    [Fact]
    public void WithHttpHealthCheck_EndpointWithoutHttp_IsRefused()
    {
        var service = _builder.AddSample("service").WithEndpoint(name: "raw");
        var exception = Assert.Throws<DistributedApplicationException>(() => service.WithHttpHealthCheck("/health", endpointName: "raw"));
        Assert.Contains("does not speak HTTP", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_AddressesByWhoReadsThem_AreReachedFromThere()
    {
        var service = _builder.AddSample("service").WithHttpEndpoint(port: 5001);
        var store = _builder.AddContainer("store", "example/store", "1").WithHttpEndpoint(port: 5002, targetPort: 90);
        var reader = _builder.AddContainer("reader", "example/reader", "1").WithHttpEndpoint(port: 5003, targetPort: 80);
        using var ports = new PortAllocation(_builder.Resources, randomizePorts: false);
        string Seen(object value, Resource by) => LaunchSpecFactory.Resolve(value, by);

        // A program of this machine goes through this machine's ports, a container to another one's own, by its name.
        Assert.Equal("http://localhost:5002", Seen(store.GetEndpoint("http"), service.Resource));
        Assert.Equal("http://store:90", Seen(store.GetEndpoint("http"), reader.Resource));
        Assert.Equal("store:90", Seen(store.GetEndpoint("http").Property(EndpointProperty.HostAndPort), reader.Resource));
        Assert.Equal("http://host.docker.internal:5001", Seen(service.GetEndpoint("http"), reader.Resource));
        Assert.Equal("80", Seen(reader.GetEndpoint("http").Property(EndpointProperty.TargetPort), reader.Resource));
        Assert.Equal(
            "from http://host.docker.internal:5001 to http://store:90",
            Seen(ReferenceExpression.Create($"from {service.GetEndpoint("http")} to {store.GetEndpoint("http")}"), reader.Resource));
    }
}
