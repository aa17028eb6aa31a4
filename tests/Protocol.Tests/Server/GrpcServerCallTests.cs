using System.Text;
using Microsoft.AspNetCore.Http;
using Observability.Aggregator.Grpc;

namespace Observability.Protocol.Tests.Server;

/// <summary>What a method sees of its call, and what the client sees of how it ends.</summary>
public sealed class GrpcServerCallTests
{
    private static CancellationToken Stop => TestLimit.Token;

    public static TheoryData<GrpcStatusCode> Codes => new(Enum.GetValues<GrpcStatusCode>());

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task Return_OfEveryStatus_ArrivesWithItsMessage(GrpcStatusCode code)
    {
        var sent = new GrpcStatus(code, $"{code}: 100 % ✓ Zürich 😀\nsecond line");

        (GrpcStatus status, _) = await CallAsync(_ => ValueTask.FromResult(sent));

        Assert.Equal(sent, status);
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task Throw_OfEveryStatusAfterAMessage_ArrivesInTrailers(GrpcStatusCode code)
    {
        var sent = new GrpcStatus(code, $"{code} ✗");

        (GrpcStatus status, List<string> messages) = await CallAsync(async call =>
        {
            call.Write("first"u8);
            await call.FlushAsync();
            throw new GrpcException(sent);
        });

        Assert.Equal(sent, status);
        Assert.Equal(["first"], messages);
    }

    [Fact]
    public async Task Write_WithoutAFlush_IsSentBeforeTheStatus()
    {
        (GrpcStatus status, List<string> messages) = await CallAsync(call =>
        {
            call.Write("one"u8);
            call.Write(""u8);
            call.Write("two"u8);
            return ValueTask.FromResult(new GrpcStatus(GrpcStatusCode.Aborted, "after all"));
        });

        Assert.Equal(["one", "", "two"], messages);
        Assert.Equal(new(GrpcStatusCode.Aborted, "after all"), status);
    }

    [Fact]
    public async Task Throw_OfAnotherException_IsUnknownAndCountedAndTellsNothingOfItself()
    {
        await using GrpcTestServer server = await StartAsync(_ => throw new InvalidOperationException("secret"));
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);

        GrpcStatus status = await call.GetStatusAsync(Stop);

        Assert.Equal(GrpcStatusCode.Unknown, status.Code);
        Assert.DoesNotContain("secret", status.Detail, StringComparison.Ordinal);
        Assert.Equal(1, server.Counters.Failures);
        Assert.Equal(1, server.Counters.Ended(GrpcStatusCode.Unknown));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Trailers_OfAMethod_ArriveWithTheStatus(bool afterAMessage)
    {
        await using GrpcTestServer server = await StartAsync(async call =>
        {
            call.Http.Response.Headers["x-first"] = "header";
            if (afterAMessage)
            {
                call.Write("x"u8);
                await call.FlushAsync();
            }
            call.Trailers["grpc-retry-pushback-ms"] = "250";
            return new(GrpcStatusCode.ResourceExhausted, "");
        });
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);

        Assert.Equal(GrpcStatusCode.ResourceExhausted, (await call.GetStatusAsync(Stop)).Code);
        Assert.Equal("250", call.Trailers["grpc-retry-pushback-ms"]);
        Assert.Equal("header", call.Headers["x-first"]);
        Assert.Equal("identity,gzip,snappy", call.Headers["grpc-accept-encoding"]);
    }

    [Fact]
    public async Task Metadata_OfTheClient_IsSeenByTheMethod()
    {
        var seen = new TaskCompletionSource<(string?, string?, string?, string?)>();
        await using GrpcTestServer server = await StartAsync(call =>
        {
            IHeaderDictionary headers = call.Http.Request.Headers;
            seen.SetResult((headers["x-text"], headers["x-blob-bin"], headers["x-api-key"], headers["te"]));
            return ValueTask.FromResult(GrpcStatus.Ok);
        });
        using GrpcChannel channel = server.Connect(apiKey: "key-1");
        var metadata = new GrpcMetadata { { "x-text", "plain" } };
        metadata.Add("x-blob-bin", [0, 255, 7]);
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, new GrpcCallOptions { Metadata = metadata }, Stop);

        Assert.True((await call.GetStatusAsync(Stop)).IsOk);
        (string? text, string? blob, string? key, string? te) = await seen.Task.WaitAsync(Stop);
        Assert.Equal(("plain", "key-1", "trailers"), (text, key, te));
        Assert.True(GrpcMetadata.TryDecodeBinary(blob!, out byte[] bytes));
        Assert.Equal([0, 255, 7], bytes);
    }

    [Fact]
    public async Task Peer_OfACall_IsTheClientsAddress()
    {
        (GrpcStatus status, List<string> messages) = await CallAsync(call =>
        {
            call.Write(Encoding.UTF8.GetBytes($"{call.Method} {call.Peer}"));
            return ValueTask.FromResult(GrpcStatus.Ok);
        });

        Assert.True(status.IsOk);
        Assert.Matches(@"^/test\.Service/Method 127\.0\.0\.1:\d+$", Assert.Single(messages));
    }

    [Fact]
    public async Task Deadline_ThatPasses_EndsTheMethodAndTheCall()
    {
        var ended = new TaskCompletionSource<GrpcStatus>();
        await using GrpcTestServer server = await StartAsync(async call =>
        {
            Assert.NotNull(call.Deadline);
            try
            {
                await call.WaitToReadAsync();
                throw new InvalidOperationException("nothing was sent");
            }
            catch (GrpcException exception)
            {
                Assert.True(call.Cancelled.IsCancellationRequested);
                ended.SetResult(exception.Status);
                throw;
            }
        });
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address);   // a client that does not watch its own deadline

        await connection.SendCallAsync(1, TestMethods.Path, ("grpc-timeout", "50m"));

        Assert.Equal(GrpcStatusCode.DeadlineExceeded, (await ended.Task.WaitAsync(TimeSpan.FromSeconds(30), Stop)).Code);
        Assert.Contains("grpc-status", Encoding.ASCII.GetString(await connection.ReceiveAsync(RawHttp2.Headers, 1)), StringComparison.Ordinal);
        Assert.Equal(1, server.Counters.Ended(GrpcStatusCode.DeadlineExceeded));
    }

    [Theory]
    [InlineData("1H", 3600)]
    [InlineData("2M", 120)]
    [InlineData("90S", 90)]
    [InlineData("90000m", 90)]
    [InlineData("90000000u", 90)]
    [InlineData("99999999H", 99_999_999 * 3600.0)]
    public async Task Deadline_InEveryUnit_IsSeenByTheMethod(string header, double seconds)
    {
        var seen = new TaskCompletionSource<DateTimeOffset?>();
        await using GrpcTestServer server = await StartAsync(call =>
        {
            seen.SetResult(call.Deadline);
            return ValueTask.FromResult(GrpcStatus.Ok);
        });
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address);

        await connection.SendCallAsync(1, TestMethods.Path, ("grpc-timeout", header));

        DateTimeOffset? deadline = await seen.Task.WaitAsync(TimeSpan.FromSeconds(30), Stop);
        if (seconds > 1e9)
        {
            Assert.Equal(DateTimeOffset.MaxValue, deadline);    // beyond the calendar
            return;
        }
        Assert.InRange((deadline!.Value - DateTimeOffset.UtcNow).TotalSeconds, seconds - 30, seconds);
    }

    [Fact]
    public async Task Deadline_InNanoseconds_EndsTheCall()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address);

        await connection.SendCallAsync(1, TestMethods.Path, ("grpc-timeout", "99999999n"));

        await Poll.UntilAsync(() => server.Counters.Ended(GrpcStatusCode.DeadlineExceeded) == 1, "the deadline of 100 ms passes");
    }

    [Fact]
    public async Task Abort_FromOutside_EndsTheCallWithItsStatus()
    {
        GrpcServerCall? served = null;
        await using GrpcTestServer server = await StartAsync(call =>
        {
            Volatile.Write(ref served, call);
            return TestMethods.EchoAsync(call);
        });
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        await Poll.UntilAsync(() => Volatile.Read(ref served) is not null, "the call runs");

        served!.Abort(new(GrpcStatusCode.Aborted, "taken over by another stream"));

        Assert.Equal(new(GrpcStatusCode.Aborted, "taken over by another stream"), await call.GetStatusAsync(Stop));
    }

    [Fact]
    public async Task StartAsync_BeforeTheFirstMessage_SendsTheHeaders()
    {
        await using GrpcTestServer server = await StartAsync(async call =>
        {
            await call.StartAsync();
            return await TestMethods.EchoAsync(call);
        });
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);

        Assert.True(await call.WaitForHeadersAsync(Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Stop));
    }

    [Fact]
    public async Task WaitToReadAsync_AfterTheFirstMessage_SendsTheHeaders()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.CountAsync);
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);

        await call.WriteAsync("x"u8.ToArray(), Stop);

        Assert.True(await call.WaitForHeadersAsync(Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Stop));
    }

    private static Task<GrpcTestServer> StartAsync(GrpcMethod method) => GrpcTestServer.StartAsync(app => app.MapGrpc(TestMethods.Path, method));

    private static async Task<(GrpcStatus Status, List<string> Messages)> CallAsync(GrpcMethod method)
    {
        await using GrpcTestServer server = await StartAsync(method);
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        var messages = new List<string>();
        while (await call.WaitToReadAsync(Stop))
        {
            while (call.TryRead(out var message))
            {
                messages.Add(Encoding.UTF8.GetString(message));
            }
        }
        return (await call.GetStatusAsync(Stop), messages);
    }
}
