using System.Buffers;
using System.Diagnostics;
using System.Text;
using Observability.Aggregator.Grpc;

namespace Observability.Protocol.Tests.Server;

/// <summary>What ends a stream at a stock web server, and must not end one here; and the messages that must.</summary>
public sealed class StreamTests
{
    private static CancellationToken Stop => TestLimit.Token;

    [Fact]
    public async Task Stream_PastThirtyMegabytes_GoesOn()
    {
        const int MessageBytes = 512 * 1024;
        const int Messages = 80;                        // 40 MB; the server's own limit is 30,000,000 bytes
        await using GrpcTestServer server = await StartAsync(TestMethods.CountAsync);
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        byte[] message = new byte[MessageBytes];

        for (int sent = 0; sent < Messages; sent++)
        {
            await call.WriteAsync(message, Stop);
        }
        await call.CompleteAsync();

        Assert.Equal($"{Messages} {(long)Messages * MessageBytes}", await ReadTextAsync(call));
        Assert.True((await call.GetStatusAsync(Stop)).IsOk);
    }

    [Fact]
    public async Task Stream_ThatIdles_OutlivesTheServersLimitOnSlowBodies()
    {
        // The server's own limit (240 bytes/s after 5 s of grace) ends a request body that pauses this long: without LiftBodyLimits this fails.
        var idle = TimeSpan.FromSeconds(15);
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync, "Grpc:MessageTimeout=00:00:02");
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);

        await call.WriteAsync("before"u8.ToArray(), Stop);
        Assert.Equal("before", await ReadTextAsync(call));
        await Task.Delay(idle, Stop);                   // the idling is what is tested
        await call.WriteAsync("after"u8.ToArray(), Stop);

        Assert.Equal("after", await ReadTextAsync(call));
    }

    [Fact]
    public async Task Stream_NumberOneHundredAndOneOfAConnection_DoesNotWait()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using GrpcChannel channel = server.Connect();
        var calls = new List<GrpcDuplexCall>();
        try
        {
            for (int index = 0; index < 130; index++)
            {
                GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
                calls.Add(call);
                await call.WriteAsync(Encoding.ASCII.GetBytes($"call {index}"), Stop);
                Assert.Equal($"call {index}", await ReadTextAsync(call));
            }
            Assert.Equal(130, server.Counters.Active);
            Assert.Equal(1, server.ConnectionCount);
        }
        finally
        {
            foreach (GrpcDuplexCall call in calls)
            {
                await call.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Stream_BeyondTheLimitOfItsConnection_WaitsForAnother()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync, "Grpc:StreamsPerConnectionMax=2");
        using GrpcChannel channel = server.Connect();
        GrpcDuplexCall first = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        await using GrpcDuplexCall second = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        await Poll.UntilAsync(() => server.Counters.Active == 2, "two calls are open");
        await using GrpcDuplexCall third = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        Task write = third.WriteAsync("x"u8.ToArray(), Stop).AsTask();

        Assert.Equal(2, server.Counters.Started);
        Assert.False(write.IsCompleted);
        await first.DisposeAsync();
        await write;
        Assert.Equal("x", await ReadTextAsync(third));
    }

    [Fact]
    public async Task Message_AsLargeAsTheLimit_ComesInHundredsOfSegmentsAndOneMoreByteIsRefused()
    {
        const int Limit = 4 * 1024 * 1024;
        int segments = 0;
        await using GrpcTestServer server = await StartAsync(async call =>
        {
            while (await call.WaitToReadAsync())
            {
                while (call.TryRead(out ReadOnlySequence<byte> message))
                {
                    foreach (ReadOnlyMemory<byte> _ in message)
                    {
                        segments++;
                    }
                    call.Write(Encoding.ASCII.GetBytes(FormattableString.Invariant($"{message.Length}")));
                }
                await call.FlushAsync();
            }
            return GrpcStatus.Ok;
        });
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);

        await call.WriteAsync(new byte[Limit], Stop);
        Assert.Equal("4194304", await ReadTextAsync(call));
        Assert.True(segments >= 200, $"{segments} segments");
        GrpcStatus status = await WriteToTheEndAsync(call, new byte[Limit + 1]);

        Assert.Equal(GrpcStatusCode.ResourceExhausted, status.Code);
        Assert.Contains("4194305", status.Detail, StringComparison.Ordinal);
        Assert.Contains("4194304", status.Detail, StringComparison.Ordinal);
        await using GrpcDuplexCall next = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        await next.WriteAsync(new byte[1], Stop);
        Assert.Equal("1", await ReadTextAsync(next));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("snappy")]
    public async Task Message_Compressed_ArrivesExpanded(string compression)
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.CountAsync);
        using GrpcChannel channel = server.Connect(compression: compression);
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);

        await call.WriteAsync(new byte[1_000_000], Stop);
        await call.WriteAsync("incompressible"u8.ToArray(), Stop);      // goes as it is, on the same stream
        await call.WriteAsync(ReadOnlyMemory<byte>.Empty, Stop);
        await call.CompleteAsync();

        Assert.Equal("3 1000014", await ReadTextAsync(call));
        Assert.True((await call.GetStatusAsync(Stop)).IsOk);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("snappy")]
    public async Task Message_ThatIsABomb_IsRefusedAndOthersAreNot(string compression)
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.CountAsync);
        using GrpcChannel channel = server.Connect(compression: compression);
        await using GrpcDuplexCall bomb = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        await using GrpcDuplexCall other = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);

        GrpcStatus status = await WriteToTheEndAsync(bomb, new byte[64 * 1024 * 1024]);
        await other.WriteAsync(new byte[1000], Stop);
        await other.CompleteAsync();

        Assert.Equal(GrpcStatusCode.ResourceExhausted, status.Code);
        Assert.Contains("4194304", status.Detail, StringComparison.Ordinal);
        Assert.Equal("1 1000", await ReadTextAsync(other));
    }

    [Fact]
    public async Task Message_WithTheCompressedFlagAndNoEncoding_IsInternal()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address);

        await connection.SendCallAsync(1, TestMethods.Path);
        await connection.SendAsync(RawHttp2.Data, 0, 1, Segments.Frame([1, 2, 3], flag: 1));
        await connection.ReceiveAsync(RawHttp2.Headers, 1);      // an echo's first flush sends them, before the call has ended

        await Poll.UntilAsync(() => server.Counters.Ended(GrpcStatusCode.Internal) == 1, "the call ends as INTERNAL");
    }

    [Fact]
    public async Task Message_CorruptInItsCompression_IsInternal()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address);

        await connection.SendCallAsync(1, TestMethods.Path, ("grpc-encoding", "gzip"));
        await connection.SendAsync(RawHttp2.Data, 0, 1, Segments.Frame([1, 2, 3], flag: 1));
        await connection.ReceiveAsync(RawHttp2.Headers, 1);      // an echo's first flush sends them, before the call has ended

        await Poll.UntilAsync(() => server.Counters.Ended(GrpcStatusCode.Internal) == 1, "the call ends as INTERNAL");
    }

    [Fact]
    public async Task Message_InFramesOfOneByte_IsOneMessage()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address);
        byte[] framed = Segments.Frame([.. Enumerable.Range(0, 400).Select(value => (byte)value)]);

        await connection.SendCallAsync(1, TestMethods.Path);
        foreach (byte octet in framed)
        {
            await connection.SendAsync(RawHttp2.Data, 0, 1, [octet]);
        }

        Assert.Equal(framed, await connection.ReceiveAsync(RawHttp2.Data, 1));
    }

    [Fact]
    public async Task Message_ThatStaysHalf_EndsItsStreamAlone()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync, "Grpc:MessageTimeout=00:00:00.3");
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address);
        byte[] framed = Segments.Frame([1, 2, 3]);

        await connection.SendCallAsync(1, TestMethods.Path);
        await connection.SendCallAsync(3, TestMethods.Path);
        await connection.SendAsync(RawHttp2.Data, 0, 1, framed[..4]);
        await Poll.UntilAsync(() => server.Counters.Ended(GrpcStatusCode.DeadlineExceeded) == 1, "the half message ends its stream");
        await connection.SendAsync(RawHttp2.Data, 0, 3, framed);

        Assert.Equal(framed, await connection.ReceiveAsync(RawHttp2.Data, 3));
        Assert.Equal(1, server.Counters.Active);
    }

    [Fact]
    public async Task Reset_InMidMessage_IsCancelledAndOthersGoOn()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address);
        byte[] framed = Segments.Frame([1, 2, 3]);

        await connection.SendCallAsync(1, TestMethods.Path);
        await connection.SendCallAsync(3, TestMethods.Path);
        await connection.SendAsync(RawHttp2.Data, 0, 1, framed[..6]);
        await Poll.UntilAsync(() => server.Counters.Active == 2, "both calls run");
        await connection.SendResetAsync(1, code: 8);
        await Poll.UntilAsync(() => server.Counters.Ended(GrpcStatusCode.Cancelled) == 1, "the reset call ends");
        await connection.SendAsync(RawHttp2.Data, 0, 3, framed);

        Assert.Equal(framed, await connection.ReceiveAsync(RawHttp2.Data, 3));
        Assert.Equal(0, server.Counters.Failures);
    }

    [Fact]
    public async Task Connection_LostInMidMessage_IsCancelled()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using (RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address))
        {
            await connection.SendCallAsync(1, TestMethods.Path);
            await connection.SendAsync(RawHttp2.Data, 0, 1, Segments.Frame([1, 2, 3])[..6]);
            await Poll.UntilAsync(() => server.Counters.Active == 1, "the call runs");
        }

        await Poll.UntilAsync(() => server.Counters.Ended(GrpcStatusCode.Cancelled) == 1, "the call ends with its connection");
        Assert.Equal(0, server.Counters.Active);
        Assert.Equal(0, server.Counters.Failures);
    }

    [Fact]
    public async Task End_InMidMessage_IsInternal()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address);

        await connection.SendCallAsync(1, TestMethods.Path);
        await connection.SendAsync(RawHttp2.Data, RawHttp2.EndStream, 1, Segments.Frame([1, 2, 3])[..6]);
        await connection.ReceiveAsync(RawHttp2.Headers, 1);      // an echo's first flush sends them, before the call has ended

        await Poll.UntilAsync(() => server.Counters.Ended(GrpcStatusCode.Internal) == 1, "the call ends as INTERNAL");
    }

    [Fact]
    public async Task GoAway_OfTheClient_LetsItsOpenCallsFinish()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Address);
        byte[] framed = Segments.Frame([1, 2, 3]);

        await connection.SendCallAsync(1, TestMethods.Path);
        await connection.SendGoAwayAsync(0, 0);
        await connection.SendAsync(RawHttp2.Data, RawHttp2.EndStream, 1, framed);

        Assert.Equal(framed, await connection.ReceiveAsync(RawHttp2.Data, 1));
        await Poll.UntilAsync(() => server.Counters.Ended(GrpcStatusCode.Ok) == 1, "the call ends well");
    }

    [Fact]
    public async Task Client_ThatReadsNothing_HoldsUpOnlyItself()
    {
        await using GrpcTestServer server = await StartAsync(async call =>
        {
            byte[] message = new byte[64 * 1024];
            while (!call.Cancelled.IsCancellationRequested)
            {
                call.Write(message);
                await call.FlushAsync();
            }
            return GrpcStatus.Ok;
        });
        using GrpcChannel channel = server.Connect();
        GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        Assert.True(await call.WaitToReadAsync(Stop));

        long start = Stopwatch.GetTimestamp();
        await call.DisposeAsync();

        await Poll.UntilAsync(() => server.Counters.Active == 0, "the method that waits for the client is let go");
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 30);
        Assert.Equal(1, server.Counters.Ended(GrpcStatusCode.Cancelled));
    }

    private static Task<GrpcTestServer> StartAsync(GrpcMethod method, params string[] settings) =>
        GrpcTestServer.StartAsync(app => app.MapGrpc(TestMethods.Path, method), null, settings);

    private static async Task<string> ReadTextAsync(GrpcDuplexCall call)
    {
        Assert.True(await call.WaitToReadAsync(Stop), call.Completion.IsCompleted ? (await call.Completion).ToString() : "ended");
        Assert.True(call.TryRead(out ReadOnlySequence<byte> message));
        return Encoding.ASCII.GetString(message);
    }

    /// <summary>The server may end the call before all of the message has left.</summary>
    private static async Task<GrpcStatus> WriteToTheEndAsync(GrpcDuplexCall call, byte[] message)
    {
        try
        {
            await call.WriteAsync(message, Stop);
        }
        catch (GrpcException exception)
        {
            Assert.False(exception.Status.IsOk);
        }
        return await call.GetStatusAsync(Stop);
    }
}
