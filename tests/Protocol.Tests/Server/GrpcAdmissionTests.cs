using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Grpc;

namespace Observability.Protocol.Tests.Server;

/// <summary>What is refused before a method runs, and how.</summary>
public sealed class GrpcAdmissionTests
{
    private static CancellationToken Stop => TestLimit.Token;

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpcx")]
    [InlineData("text/plain")]
    public async Task Request_OfAnotherContentType_Is415(string contentType) =>
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, await RequestAsync(HttpMethod.Post, contentType));

    [Fact]
    public async Task Request_WithoutAContentType_Is415() =>
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, await RequestAsync(HttpMethod.Post, null));

    [Fact]
    public async Task Request_OfAnotherMethod_Is405() =>
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await RequestAsync(HttpMethod.Put, "application/grpc"));

    [Theory]
    [InlineData("application/grpc")]
    [InlineData("application/grpc+proto")]
    [InlineData("application/grpc; charset=utf-8")]
    public async Task Request_OfGrpc_IsACall(string contentType) => Assert.Equal(HttpStatusCode.OK, await RequestAsync(HttpMethod.Post, contentType));

    [Theory]
    [InlineData("/test.Service/Other")]
    [InlineData("/test.service/method")]
    [InlineData("/other.Service/Method")]
    [InlineData("/")]
    [InlineData("/a/b/c")]
    public async Task Call_OfAnUnknownMethod_IsUnimplementedInHeadersAlone(string path)
    {
        await using GrpcTestServer server = await StartAsync();
        (GrpcStatus status, GrpcDuplexCall call) = await CallAsync(server, path);

        Assert.Equal(GrpcStatusCode.Unimplemented, status.Code);
        Assert.Same(call.Headers, call.Trailers);
        Assert.Equal(1, server.Counters.Ended(GrpcStatusCode.Unimplemented));
    }

    [Fact]
    public async Task Call_WithAnUnknownEncoding_IsUnimplementedAndNamesWhatIsAccepted()
    {
        await using GrpcTestServer server = await StartAsync();
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address);

        await connection.SendCallAsync(1, TestMethods.Path, ("grpc-encoding", "br"));

        string headers = System.Text.Encoding.ASCII.GetString(await connection.ReceiveAsync(RawHttp2.Headers, 1));
        Assert.Contains("grpc-accept-encoding", headers, StringComparison.Ordinal);
        Assert.Contains("identity,gzip,snappy", headers, StringComparison.Ordinal);
        Assert.Equal(1, server.Counters.Ended(GrpcStatusCode.Unimplemented));
    }

    [Theory]
    [InlineData("5x")]
    [InlineData("123456789S")]
    public async Task Call_WithAMalformedTimeout_IsInternal(string timeout)
    {
        await using GrpcTestServer server = await StartAsync();
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address);

        await connection.SendCallAsync(1, TestMethods.Path, ("grpc-timeout", timeout));
        await connection.ReceiveAsync(RawHttp2.Headers, 1);

        Assert.Equal(1, server.Counters.Ended(GrpcStatusCode.Internal));
    }

    [Fact]
    public async Task Call_RefusedByAnAuthorizer_DoesNotRun()
    {
        bool ran = false;
        await using GrpcTestServer server = await GrpcTestServer.StartAsync(
            app => app.MapGrpc(TestMethods.Path, _ =>
            {
                ran = true;
                return ValueTask.FromResult(GrpcStatus.Ok);
            }),
            services => services.AddSingleton<IGrpcAuthorizer>(new KeyAuthorizer("right")));

        Assert.Equal(GrpcStatusCode.Unauthenticated, (await CallAsync(server, TestMethods.Path, apiKey: "wrong")).Status.Code);
        Assert.Equal(GrpcStatusCode.Unauthenticated, (await CallAsync(server, TestMethods.Path)).Status.Code);
        Assert.Equal(GrpcStatusCode.Unauthenticated, (await CallAsync(server, "/test.Service/Other")).Status.Code);
        Assert.False(ran);
        Assert.True((await CallAsync(server, TestMethods.Path, apiKey: "right")).Status.IsOk);
        Assert.True(ran);
    }

    [Fact]
    public async Task Call_WhoseAuthorizerFails_IsUnknownAndDoesNotRun()
    {
        await using GrpcTestServer server = await GrpcTestServer.StartAsync(
            app => app.MapGrpc(TestMethods.Path, TestMethods.EchoAsync),
            services => services.AddSingleton<IGrpcAuthorizer>(new FailingAuthorizer()));

        Assert.Equal(GrpcStatusCode.Unknown, (await CallAsync(server, TestMethods.Path)).Status.Code);
        Assert.Equal(1, server.Counters.Failures);
    }

    [Fact]
    public async Task Call_WhileDraining_IsUnavailable()
    {
        await using GrpcTestServer server = await StartAsync();
        server.Get<ServingState>().MoveTo(ServingPhase.Draining);

        Assert.Equal(GrpcStatusCode.Unavailable, (await CallAsync(server, TestMethods.Path)).Status.Code);
    }

    [Fact]
    public async Task Call_OpenWhenDrainingBegins_ReadsWhatCameAndEnds()
    {
        await using GrpcTestServer server = await GrpcTestServer.StartAsync(app => app.MapGrpc(TestMethods.Path, async call =>
        {
            GrpcStatus status = await TestMethods.EchoAsync(call);
            return call.IsStopped ? new(GrpcStatusCode.Unavailable, "draining") : status;
        }));
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        await call.WriteAsync("x"u8.ToArray(), Stop);
        Assert.True(await call.WaitToReadAsync(Stop));

        server.Get<ServingState>().MoveTo(ServingPhase.Draining);

        Assert.Equal(new(GrpcStatusCode.Unavailable, "draining"), await call.GetStatusAsync(Stop));
    }

    [Fact]
    public async Task Call_BeyondTheLimitOfStreams_IsRefusedUntilOneEnds()
    {
        await using GrpcTestServer server = await StartAsync("Grpc:StreamsMax=2", "Grpc:RetryPushbackMs=321");
        using GrpcChannel channel = server.Connect();
        GrpcDuplexCall first = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        await using GrpcDuplexCall second = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        await Poll.UntilAsync(() => server.Counters.Active == 2, "two calls are open");

        (GrpcStatus refused, GrpcDuplexCall third) = await CallAsync(server, TestMethods.Path);
        Assert.Equal(GrpcStatusCode.ResourceExhausted, refused.Code);
        Assert.Contains("StreamsMax", refused.Detail, StringComparison.Ordinal);
        Assert.Equal("321", third.Trailers["grpc-retry-pushback-ms"]);

        await first.DisposeAsync();
        await Poll.UntilAsync(() => server.Counters.Active == 1, "one call has ended");
        Assert.True((await CallAsync(server, TestMethods.Path)).Status.IsOk);
    }

    [Fact]
    public void MapGrpc_OfWhatIsNoMethodOrTaken_IsRefused()
    {
        var table = new GrpcMethodTable();
        table.Add(TestMethods.Path, TestMethods.EchoAsync, GrpcMethodTraits.None);

        Assert.Throws<ArgumentException>(() => table.Add(TestMethods.Path, TestMethods.EchoAsync, GrpcMethodTraits.None));
        Assert.Throws<ArgumentException>(() => table.Add("test.Service/Method", TestMethods.EchoAsync, GrpcMethodTraits.None));
        Assert.Throws<ArgumentException>(() => table.Add("/Method", TestMethods.EchoAsync, GrpcMethodTraits.None));
        Assert.Equal(["test.Service"], table.Services);
        Assert.Throws<InvalidOperationException>(() => table.Add("/test.Service/Late", TestMethods.EchoAsync, GrpcMethodTraits.None));
    }

    private static Task<GrpcTestServer> StartAsync(params string[] settings) =>
        GrpcTestServer.StartAsync(app => app.MapGrpc(TestMethods.Path, TestMethods.EchoAsync), null, settings);

    private static async Task<(GrpcStatus Status, GrpcDuplexCall Call)> CallAsync(GrpcTestServer server, string path, string? apiKey = null)
    {
        using GrpcChannel channel = server.Connect(apiKey);
        await using GrpcDuplexCall call = channel.OpenDuplex(path, GrpcCallOptions.Default, Stop);
        await call.CompleteAsync();
        return (await call.GetStatusAsync(Stop), call);
    }

    private static async Task<HttpStatusCode> RequestAsync(HttpMethod method, string? contentType)
    {
        await using GrpcTestServer server = await StartAsync();
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(method, new Uri(server.Address, TestMethods.Path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([]),
        };
        request.Content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        using HttpResponseMessage response = await client.SendAsync(request, Stop);
        Assert.Equal(response.StatusCode == HttpStatusCode.OK ? 0 : 1, server.Counters.NotGrpc);
        return response.StatusCode;
    }

    private sealed class KeyAuthorizer(string key) : IGrpcAuthorizer
    {
        public ValueTask<GrpcStatus?> AuthorizeAsync(HttpContext context) => ValueTask.FromResult<GrpcStatus?>(
            context.Request.Headers["x-api-key"] == key ? null : new GrpcStatus(GrpcStatusCode.Unauthenticated, "Cannot accept the key."));
    }

    private sealed class FailingAuthorizer : IGrpcAuthorizer
    {
        public ValueTask<GrpcStatus?> AuthorizeAsync(HttpContext context) => throw new InvalidOperationException("the key store is gone");
    }
}
