using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Observability.Protocol.Tests.Client;

/// <summary>What the client makes of responses that only a foreign or a broken server gives.</summary>
public sealed class ForeignResponseTests
{
    private static CancellationToken Stop => TestLimit.Token;

    [Theory]
    [InlineData(HttpStatusCode.BadRequest, GrpcStatusCode.Internal)]
    [InlineData(HttpStatusCode.Unauthorized, GrpcStatusCode.Unauthenticated)]
    [InlineData(HttpStatusCode.Forbidden, GrpcStatusCode.PermissionDenied)]
    [InlineData(HttpStatusCode.NotFound, GrpcStatusCode.Unimplemented)]
    [InlineData(HttpStatusCode.TooManyRequests, GrpcStatusCode.Unavailable)]
    [InlineData(HttpStatusCode.BadGateway, GrpcStatusCode.Unavailable)]
    [InlineData(HttpStatusCode.ServiceUnavailable, GrpcStatusCode.Unavailable)]
    [InlineData(HttpStatusCode.GatewayTimeout, GrpcStatusCode.Unavailable)]
    [InlineData(HttpStatusCode.InternalServerError, GrpcStatusCode.Unknown)]
    [InlineData(HttpStatusCode.MovedPermanently, GrpcStatusCode.Unknown)]
    public async Task HttpStatus_OfAnError_IsMapped(HttpStatusCode http, GrpcStatusCode code)
    {
        GrpcStatus status = await CallAsync(async context =>
        {
            context.Response.StatusCode = (int)http;
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<html>", Stop);
        });

        Assert.Equal(code, status.Code);
        Assert.Contains(((int)http).ToString(System.Globalization.CultureInfo.InvariantCulture), status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HttpStatus_OfAnErrorWithAGrpcStatus_GivesWayToIt()
    {
        GrpcStatus status = await CallAsync(context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers["grpc-status"] = "9";
            context.Response.Headers["grpc-message"] = "not%20yet";
            return Task.CompletedTask;
        });

        Assert.Equal(new(GrpcStatusCode.FailedPrecondition, "not yet"), status);
    }

    [Fact]
    public async Task ContentType_OfAnotherKind_IsUnknown()
    {
        GrpcStatus status = await CallAsync(async context =>
        {
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<html>", Stop);
        });

        Assert.Equal(GrpcStatusCode.Unknown, status.Code);
        Assert.Contains("text/html", status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, GrpcStatusCode.Unknown)]
    [InlineData("abc", GrpcStatusCode.Unknown)]
    [InlineData("99", GrpcStatusCode.Unknown)]
    [InlineData("0", GrpcStatusCode.Ok)]
    public async Task Trailers_WithAnOddStatusOrNone_EndTheCall(string? trailer, GrpcStatusCode code)
    {
        GrpcStatus status = await CallAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(Segments.Frame([1]), Stop);
            if (trailer is not null)
            {
                context.Response.AppendTrailer("grpc-status", trailer);
            }
        });

        Assert.Equal(code, status.Code);
    }

    [Fact]
    public async Task Trailers_Alone_AreTheStatus()
    {
        GrpcStatus status = await CallAsync(context =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = "7";
            context.Response.Headers["grpc-message"] = "Z%C3%BCrich";
            return Task.CompletedTask;
        });

        Assert.Equal(new(GrpcStatusCode.PermissionDenied, "Zürich"), status);
    }

    [Fact]
    public async Task Body_ThatEndsInAMessage_IsInternal()
    {
        GrpcStatus status = await CallAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(Segments.Frame([1, 2, 3]).AsMemory(0, 6), Stop);
            context.Response.AppendTrailer("grpc-status", "0");
        });

        Assert.Equal(GrpcStatusCode.Internal, status.Code);
    }

    [Theory]
    [InlineData(0x0, GrpcStatusCode.Internal)]          // NO_ERROR
    [InlineData(0x1, GrpcStatusCode.Internal)]          // PROTOCOL_ERROR
    [InlineData(0x2, GrpcStatusCode.Internal)]          // INTERNAL_ERROR
    [InlineData(0x7, GrpcStatusCode.Unavailable)]       // REFUSED_STREAM
    [InlineData(0x8, GrpcStatusCode.Cancelled)]         // CANCEL
    [InlineData(0xb, GrpcStatusCode.ResourceExhausted)] // ENHANCE_YOUR_CALM
    [InlineData(0xc, GrpcStatusCode.PermissionDenied)]  // INADEQUATE_SECURITY
    public async Task Reset_InMidMessage_IsMapped(int error, GrpcStatusCode code)
    {
        GrpcStatus status = await CallAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(Segments.Frame([1, 2, 3]).AsMemory(0, 6), Stop);
            await context.Response.Body.FlushAsync(Stop);
            context.Features.Get<IHttpResetFeature>()!.Reset(error);
        });

        Assert.Equal(code, status.Code);
    }

    [Fact]
    public async Task Message_BeyondTheLimit_IsResourceExhausted()
    {
        GrpcStatus status = await CallAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(Segments.Frame(new byte[1001]), Stop);
            context.Response.AppendTrailer("grpc-status", "0");
        });

        Assert.Equal(GrpcStatusCode.ResourceExhausted, status.Code);
    }

    [Theory]
    [InlineData("gzip", GrpcEncoding.Gzip)]
    [InlineData("snappy", GrpcEncoding.Snappy)]
    public async Task Message_Compressed_IsExpanded(string name, object encoding)
    {
        using var framer = new GrpcMessageFramer((GrpcEncoding)encoding);
        byte[] framed = framer.Frame(new byte[900]).ToArray();
        await using HttpTestServer server = await HttpTestServer.StartAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-encoding"] = name;
            await context.Response.Body.WriteAsync(framed, Stop);
            context.Response.AppendTrailer("grpc-status", "0");
        });
        using var channel = new GrpcChannel(new GrpcChannelOptions { Address = server.Address, ReceiveMessageBytesMax = 1000 });
        await using GrpcDuplexCall call = channel.OpenDuplex("/a/b", GrpcCallOptions.Default, Stop);

        Assert.True(await call.WaitToReadAsync(Stop));
        Assert.True(call.TryRead(out ReadOnlySequence<byte> message));
        Assert.Equal(new byte[900], message.ToArray());
        Assert.True((await call.GetStatusAsync(Stop)).IsOk);
    }

    [Fact]
    public async Task Message_CompressedInAnUnknownWay_IsInternal()
    {
        GrpcStatus status = await CallAsync(context =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-encoding"] = "br";
            return context.Response.Body.FlushAsync(Stop);
        });

        Assert.Equal(GrpcStatusCode.Internal, status.Code);
        Assert.Contains("br", status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_OfACall_IsAsTheProtocolAsks()
    {
        IHeaderDictionary? seen = null;
        string? method = null;
        await using HttpTestServer server = await HttpTestServer.StartAsync(context =>
        {
            seen = new HeaderDictionary(new Dictionary<string, StringValues>(context.Request.Headers, StringComparer.OrdinalIgnoreCase));
            method = $"{context.Request.Method} {context.Request.Path} {context.Request.Protocol}";
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = "0";
            return Task.CompletedTask;
        });
        using var channel = new GrpcChannel(new GrpcChannelOptions { Address = server.Address, SendCompression = "gzip", ApiKey = "k", UserAgent = "shop/2" });
        await using GrpcDuplexCall call = channel.OpenDuplex("/a.B/C", new GrpcCallOptions { Timeout = TimeSpan.FromSeconds(60) }, Stop);
        await call.GetStatusAsync(Stop);

        Assert.Equal("POST /a.B/C HTTP/2", method);
        Assert.Equal("application/grpc", seen!["content-type"]);
        Assert.Equal("trailers", seen["te"]);
        Assert.Equal("gzip", seen["grpc-encoding"]);
        Assert.Equal("identity,gzip,snappy", seen["grpc-accept-encoding"]);
        Assert.Equal("60000000u", seen["grpc-timeout"]);
        Assert.Equal("k", seen["x-api-key"]);
        Assert.StartsWith("shop/2 grpc-", seen.UserAgent.ToString(), StringComparison.Ordinal);
    }

    private static async Task<GrpcStatus> CallAsync(RequestDelegate answer)
    {
        await using HttpTestServer server = await HttpTestServer.StartAsync(answer);
        using var channel = new GrpcChannel(new GrpcChannelOptions { Address = server.Address, ReceiveMessageBytesMax = 1000 });
        await using GrpcDuplexCall call = channel.OpenDuplex("/a/b", GrpcCallOptions.Default, Stop);
        return await call.GetStatusAsync(Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Stop);
    }
}
