using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Grpc;

namespace Observability.Protocol.Tests;

/// <summary>A real Kestrel on a free port of the loopback address that serves the methods a test gives it.</summary>
internal sealed class GrpcTestServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private GrpcTestServer(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public Uri Address { get; }

    /// <summary>Connections accepted so far.</summary>
    public int ConnectionCount => Get<Connections>().Count;

    public GrpcServerCounters Counters => Get<GrpcServerCounters>();

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    /// <param name="map">Maps the methods.</param>
    /// <param name="services">Adds what the test needs.</param>
    /// <param name="settings">NAME=value, for example Grpc:StreamsMax=2.</param>
    public static async Task<GrpcTestServer> StartAsync(
        Action<WebApplication> map, Action<IServiceCollection>? services = null, params string[] settings)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => setting.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], (string?)pair[1])));
        builder.Logging.SetMinimumLevel(LogLevel.Critical);
        services?.Invoke(builder.Services);
        builder.Services.AddSingleton<ServingState>();
        builder.Services.AddGrpcServer();
        var connections = new Connections();
        builder.Services.AddSingleton(connections);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, builder.Configuration.GetValue("port", 0), endpoint => endpoint.UseGrpc().Use(next => connection =>
        {
            Interlocked.Increment(ref connections.Count);
            return next(connection);
        })));
        WebApplication app = builder.Build();
        map(app);
        await app.StartAsync(TestLimit.Token);
        return new GrpcTestServer(app);
    }

    public GrpcChannel Connect(string? apiKey = null, string? compression = null, int receiveMessageBytesMax = 4 * 1024 * 1024) => new(new GrpcChannelOptions
    {
        Address = Address,
        ApiKey = apiKey,
        SendCompression = compression,
        ReceiveMessageBytesMax = receiveMessageBytesMax,
    });

    public Task StopAsync() => _app.StopAsync(CancellationToken.None);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class Connections
    {
        public int Count;
    }
}
