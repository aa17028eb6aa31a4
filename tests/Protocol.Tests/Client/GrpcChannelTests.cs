using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Observability.Aggregator.Grpc;
using Observability.Protocol.V1;

namespace Observability.Protocol.Tests.Client;

public sealed class GrpcChannelTests
{
    private static CancellationToken Stop => TestLimit.Token;

    [Fact]
    public async Task UnaryAsync_OfAMessage_ReturnsTheAnswer()
    {
        Ack answer = await UnaryAsync(TestMethods.EchoAsync, new Ack { Received = 7, Message = "✓" });

        Assert.Equal(new Ack { Received = 7, Message = "✓" }, answer);
    }

    [Theory]
    [InlineData(GrpcStatusCode.AlreadyExists)]
    [InlineData(GrpcStatusCode.DataLoss)]
    public async Task UnaryAsync_OfAFailingMethod_ThrowsItsStatus(GrpcStatusCode code)
    {
        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(() => UnaryAsync(_ => ValueTask.FromResult(new GrpcStatus(code, "why")), new Ack()));

        Assert.Equal(new(code, "why"), failure.Status);
    }

    [Fact]
    public async Task UnaryAsync_WithNoAnswerOrTooMany_IsInternal()
    {
        GrpcException none = await Assert.ThrowsAsync<GrpcException>(() => UnaryAsync(_ => ValueTask.FromResult(GrpcStatus.Ok), new Ack()));
        GrpcException many = await Assert.ThrowsAsync<GrpcException>(() => UnaryAsync(
            call =>
            {
                call.Write(new Ack());
                call.Write(new Ack());
                return ValueTask.FromResult(GrpcStatus.Ok);
            },
            new Ack()));
        GrpcException malformed = await Assert.ThrowsAsync<GrpcException>(() => UnaryAsync(
            call =>
            {
                call.Write([0x0a, 0x7f]);
                return ValueTask.FromResult(GrpcStatus.Ok);
            },
            new Ack()));

        Assert.All([none, many, malformed], failure => Assert.Equal(GrpcStatusCode.Internal, failure.Status.Code));
    }

    [Fact]
    public async Task UnaryAsync_PastItsTimeout_IsDeadlineExceeded()
    {
        await using GrpcTestServer server = await GrpcTestServer.StartAsync(app => app.MapGrpc(TestMethods.Path, async call =>
        {
            await Task.Delay(Timeout.Infinite, call.Cancelled);
            return GrpcStatus.Ok;
        }));
        using GrpcChannel channel = server.Connect();

        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(() => channel.UnaryAsync(
            TestMethods.Path, new Ack(), Ack.Parser, new GrpcCallOptions { Timeout = TimeSpan.FromMilliseconds(100) }, Stop));

        Assert.Equal(GrpcStatusCode.DeadlineExceeded, failure.Status.Code);
        await Poll.UntilAsync(() => server.Counters.Active == 0, "the method is let go");
    }

    [Fact]
    public async Task UnaryAsync_OverTls_ChecksTheCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using HttpTestServer server = await HttpTestServer.StartAsync(
            async context =>
            {
                context.Response.ContentType = "application/grpc";
                await context.Response.Body.WriteAsync(Segments.Frame(new Ack { Received = 3 }.ToByteArray()), Stop);
                context.Response.AppendTrailer("grpc-status", "0");
            },
            endpoint => endpoint.UseHttps(certificate));
        using var trusting = new GrpcChannel(new GrpcChannelOptions
        {
            Address = server.Address,
            Tls = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, presented, _, _) => certificate.Equals(presented) },
        });
        using var careful = new GrpcChannel(new GrpcChannelOptions { Address = server.Address });

        Assert.Equal(3ul, (await trusting.UnaryAsync(TestMethods.Path, new Ack(), Ack.Parser, GrpcCallOptions.Default, Stop)).Received);
        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(() => careful.UnaryAsync(TestMethods.Path, new Ack(), Ack.Parser, GrpcCallOptions.Default, Stop));
        Assert.Equal(GrpcStatusCode.Unavailable, failure.Status.Code);
    }

    [Theory]
    [InlineData("ftp://localhost:9000")]
    [InlineData("localhost:9000")]
    public void GrpcChannel_ToAnotherScheme_IsRefused(string address) =>
        Assert.Throws<ArgumentException>(() => new GrpcChannel(new GrpcChannelOptions { Address = new Uri(address) }));

    [Fact]
    public void GrpcChannel_WithAnUnknownCompression_IsRefused() =>
        Assert.Throws<ArgumentException>(() => new GrpcChannel(new GrpcChannelOptions { Address = new Uri("http://localhost"), SendCompression = "br" }));

    private static async Task<Ack> UnaryAsync(GrpcMethod method, Ack request)
    {
        await using GrpcTestServer server = await GrpcTestServer.StartAsync(app => app.MapGrpc(TestMethods.Path, method));
        using GrpcChannel channel = server.Connect();
        return await channel.UnaryAsync(TestMethods.Path, request, Ack.Parser, GrpcCallOptions.Default, Stop);
    }
}
