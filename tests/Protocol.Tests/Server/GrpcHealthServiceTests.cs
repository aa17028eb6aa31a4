using System.Buffers;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Grpc;
using Observability.Protocol.Health.V1;
using Observability.Protocol.V1;
using HealthStatus = Observability.Protocol.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Observability.Protocol.Tests.Server;

public sealed class GrpcHealthServiceTests
{
    private const string Check = "/grpc.health.v1.Health/Check";
    private const string Watch = "/grpc.health.v1.Health/Watch";
    private const string Ingestor = "telemetry.v1.TelemetryIngestor";

    private static CancellationToken Stop => TestLimit.Token;

    [Theory]
    [InlineData("")]
    [InlineData(Ingestor)]
    public async Task Check_FollowsTheServingState(string service)
    {
        await using GrpcTestServer server = await StartAsync();
        ServingState serving = server.Get<ServingState>();

        Assert.Equal(HealthStatus.NotServing, await CheckAsync(server, service));
        serving.MoveTo(ServingPhase.Serving);
        Assert.Equal(HealthStatus.Serving, await CheckAsync(server, service));
        serving.MoveTo(ServingPhase.Draining);
        Assert.Equal(HealthStatus.NotServing, await CheckAsync(server, service));
    }

    [Fact]
    public async Task Check_WhileDraining_WaitsForARequestThatComesAfterTheHeaders()
    {
        await using GrpcTestServer server = await StartAsync();
        server.Get<ServingState>().MoveTo(ServingPhase.Serving);
        server.Get<ServingState>().MoveTo(ServingPhase.Draining);
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(Check, GrpcCallOptions.Default, Stop);
        await Poll.UntilAsync(() => server.Counters.Active == 1, "the call is open");

        await call.WriteAsync(new HealthCheckRequest().ToByteArray(), Stop);
        await call.CompleteAsync();

        Assert.Equal(HealthStatus.NotServing, await NextAsync(call));
    }

    [Fact]
    public async Task Check_OfAnUnknownService_IsNotFound()
    {
        await using GrpcTestServer server = await StartAsync();

        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(() => CheckAsync(server, "no.such.Service"));

        Assert.Equal(GrpcStatusCode.NotFound, failure.Status.Code);
    }

    [Fact]
    public async Task Check_WithoutAKey_AnswersWhileWatchDoesNot()
    {
        await using GrpcTestServer server = await StartAsync(services => services.AddSingleton<IGrpcAuthorizer>(new RefuseAll()));

        Assert.Equal(HealthStatus.NotServing, await CheckAsync(server, ""));
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall watch = channel.OpenDuplex(Watch, GrpcCallOptions.Default, Stop);
        Assert.Equal(GrpcStatusCode.Unauthenticated, (await watch.GetStatusAsync(Stop)).Code);
    }

    [Fact]
    public async Task Check_OfAMalformedRequest_IsInvalidArgument()
    {
        await using GrpcTestServer server = await StartAsync();
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(Check, GrpcCallOptions.Default, Stop);

        try
        {
            await call.WriteAsync(new byte[] { 0x0a, 0x7f }, Stop);
        }
        catch (GrpcException early)
        {
            Assert.Equal(GrpcStatusCode.InvalidArgument, early.Status.Code);    // the answer may come before the write has returned
        }
        await call.CompleteAsync();

        Assert.Equal(GrpcStatusCode.InvalidArgument, (await call.GetStatusAsync(Stop)).Code);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Check_WithoutExactlyOneMessage_IsInternal(int messages)
    {
        await using GrpcTestServer server = await StartAsync();
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(Check, GrpcCallOptions.Default, Stop);

        for (int sent = 0; sent < messages; sent++)
        {
            await call.WriteAsync(ReadOnlyMemory<byte>.Empty, Stop);
        }
        await call.CompleteAsync();

        Assert.Equal(GrpcStatusCode.Internal, (await call.GetStatusAsync(Stop)).Code);
    }

    [Fact]
    public async Task Watch_SendsTheStatusAndEveryChangeAndEndsWithTheServer()
    {
        await using GrpcTestServer server = await StartAsync();
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = await WatchAsync(channel, Ingestor);

        Assert.Equal(HealthStatus.NotServing, await NextAsync(call));
        server.Get<ServingState>().MoveTo(ServingPhase.Serving);
        Assert.Equal(HealthStatus.Serving, await NextAsync(call));
        server.Get<ServingState>().MoveTo(ServingPhase.Draining);
        Assert.Equal(HealthStatus.NotServing, await NextAsync(call));

        await server.StopAsync();
        Assert.Equal(GrpcStatusCode.Unavailable, (await call.GetStatusAsync(Stop)).Code);
    }

    [Fact]
    public async Task Watch_WhenTheServerStops_SaysNotServingFirst()
    {
        await using GrpcTestServer server = await StartAsync();
        server.Get<ServingState>().MoveTo(ServingPhase.Serving);
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = await WatchAsync(channel, "");
        Assert.Equal(HealthStatus.Serving, await NextAsync(call));

        await server.StopAsync();

        Assert.Equal(HealthStatus.NotServing, await NextAsync(call));
        Assert.Equal(GrpcStatusCode.Unavailable, (await call.GetStatusAsync(Stop)).Code);
    }

    [Fact]
    public async Task Watch_OfAnUnknownService_SaysSoAndStaysOpen()
    {
        await using GrpcTestServer server = await StartAsync();
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = await WatchAsync(channel, "no.such.Service");

        Assert.Equal(HealthStatus.ServiceUnknown, await NextAsync(call));
        server.Get<ServingState>().MoveTo(ServingPhase.Serving);
        Assert.Equal(HealthStatus.Serving, await CheckAsync(server, ""));
        Assert.False(call.Completion.IsCompleted);
        Assert.Equal(1, server.Counters.Active);
    }

    [Fact]
    public async Task Watch_CancelledByTheClient_EndsAtTheServer()
    {
        await using GrpcTestServer server = await StartAsync();
        using GrpcChannel channel = server.Connect();
        GrpcDuplexCall call = await WatchAsync(channel, "");
        Assert.Equal(HealthStatus.NotServing, await NextAsync(call));

        await call.DisposeAsync();

        await Poll.UntilAsync(() => server.Counters.Ended(GrpcStatusCode.Cancelled) == 1, "the watch ends");
    }

    private static Task<GrpcTestServer> StartAsync(Action<IServiceCollection>? services = null) => GrpcTestServer.StartAsync(
        app =>
        {
            app.MapGrpcServer(() => TelemetryReflection.Descriptor);
            app.MapGrpc($"/{Ingestor}/Exchange", TestMethods.EchoAsync);
        },
        services);

    private static async Task<HealthStatus> CheckAsync(GrpcTestServer server, string service)
    {
        using GrpcChannel channel = server.Connect();
        HealthCheckResponse response = await channel.UnaryAsync(
            Check, new HealthCheckRequest { Service = service }, HealthCheckResponse.Parser, GrpcCallOptions.Default, Stop);
        return response.Status;
    }

    private static async Task<GrpcDuplexCall> WatchAsync(GrpcChannel channel, string service)
    {
        GrpcDuplexCall call = channel.OpenDuplex(Watch, GrpcCallOptions.Default, Stop);
        await call.WriteAsync(new HealthCheckRequest { Service = service }.ToByteArray(), Stop);
        await call.CompleteAsync();
        return call;
    }

    private static async Task<HealthStatus> NextAsync(GrpcDuplexCall call)
    {
        Assert.True(await call.WaitToReadAsync(Stop));
        Assert.True(call.TryRead(out ReadOnlySequence<byte> message));
        return HealthCheckResponse.Parser.ParseFrom(message).Status;
    }

    private sealed class RefuseAll : IGrpcAuthorizer
    {
        public ValueTask<GrpcStatus?> AuthorizeAsync(Microsoft.AspNetCore.Http.HttpContext context) =>
            ValueTask.FromResult<GrpcStatus?>(new GrpcStatus(GrpcStatusCode.Unauthenticated, "Cannot accept anyone."));
    }
}
