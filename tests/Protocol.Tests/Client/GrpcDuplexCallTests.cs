using System.Buffers;
using System.Text;
using Observability.Aggregator.Grpc;

namespace Observability.Protocol.Tests.Client;

public sealed class GrpcDuplexCallTests
{
    private static CancellationToken Stop => TestLimit.Token;

    [Fact]
    public async Task WriteAsync_ToAnEcho_ReturnsEveryMessageInOrder()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);

        var received = new List<string>();
        for (int index = 0; index < 3; index++)
        {
            await call.WriteAsync(Encoding.UTF8.GetBytes($"message {index}"), Stop);
            Assert.True(await call.WaitToReadAsync(Stop));
            Assert.True(call.TryRead(out ReadOnlySequence<byte> message));
            received.Add(Encoding.UTF8.GetString(message));
        }
        await call.CompleteAsync();

        Assert.Equal(["message 0", "message 1", "message 2"], received);
        Assert.False(await call.WaitToReadAsync(Stop));
        Assert.Equal(GrpcStatus.Ok, await call.GetStatusAsync(Stop));
        Assert.Equal(GrpcStatus.Ok, await call.Completion.WaitAsync(Stop));
        Assert.Equal("0", call.Trailers["grpc-status"]);
    }

    [Fact]
    public async Task WriteAsync_AndReadsFromTwoTasks_LoseNothing()
    {
        const int Messages = 20_000;
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);

        Task writer = Task.Run(
            async () =>
            {
                byte[] buffer = new byte[4];
                for (int index = 0; index < Messages; index++)
                {
                    BitConverter.TryWriteBytes(buffer, index);
                    await call.WriteAsync(buffer, Stop);        // the same buffer again: it was copied when the task completed
                }
                await call.CompleteAsync();
            },
            Stop);
        int expected = 0;
        while (await call.WaitToReadAsync(Stop))
        {
            while (call.TryRead(out ReadOnlySequence<byte> message))
            {
                Assert.Equal(expected++, BitConverter.ToInt32(message.ToArray()));
            }
        }
        await writer.WaitAsync(Stop);

        Assert.Equal(Messages, expected);
        Assert.True((await call.GetStatusAsync(Stop)).IsOk);
    }

    [Fact]
    public async Task WriteAsync_WhileAnotherWriteIsPending_IsRefused()
    {
        await using GrpcTestServer server = await StartAsync(async call =>
        {
            await Task.Delay(Timeout.Infinite, call.Cancelled);         // reads nothing: the window fills
            return GrpcStatus.Ok;
        });
        using GrpcChannel channel = server.Connect();
        GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        Task pending = call.WriteAsync(new byte[8 * 1024 * 1024], Stop).AsTask();

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await call.WriteAsync(new byte[1], Stop));
        await call.DisposeAsync();
        await Assert.ThrowsAsync<GrpcException>(() => pending);
    }

    [Fact]
    public async Task Dispose_WhileAWriteWaitsForItsWindow_EndsTheWriteEveryTime()
    {
        // The end of the call and the end of its body race inside the platform: whichever comes first, the write that waits must end.
        await using GrpcTestServer server = await StartAsync(async call =>
        {
            await Task.Delay(Timeout.Infinite, call.Cancelled);
            return GrpcStatus.Ok;
        });
        using GrpcChannel channel = server.Connect();
        byte[] message = new byte[2 * 1024 * 1024];     // more than the window of a stream
        for (int round = 0; round < 300; round++)
        {
            GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
            Task pending = call.WriteAsync(message, Stop).AsTask();
            long started = server.Counters.Started;
            if (round % 2 == 0)
            {
                await Poll.UntilAsync(() => server.Counters.Started > started || pending.IsCompleted || server.Counters.Active > 0, "the call runs");
            }
            else
            {
                Thread.SpinWait(round * 40);
            }

            await call.DisposeAsync();

            await Assert.ThrowsAsync<GrpcException>(() => pending.WaitAsync(TimeSpan.FromSeconds(30), Stop));
        }
    }

    [Fact]
    public async Task WriteAsync_Cancelled_EndsTheCall()
    {
        await using GrpcTestServer server = await StartAsync(async call =>
        {
            await Task.Delay(Timeout.Infinite, call.Cancelled);
            return GrpcStatus.Ok;
        });
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        using var cancellation = new CancellationTokenSource();
        Task pending = call.WriteAsync(new byte[8 * 1024 * 1024], cancellation.Token).AsTask();

        await Poll.UntilAsync(() => server.Counters.Active == 1, "the call runs");

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending);
        Assert.Equal(GrpcStatusCode.Cancelled, (await call.GetStatusAsync(Stop)).Code);
        await Poll.UntilAsync(() => server.Counters.Ended(GrpcStatusCode.Cancelled) == 1, "the server notices");
    }

    [Fact]
    public async Task WriteAsync_AfterTheServerEnded_SaysWhy()
    {
        await using GrpcTestServer server = await StartAsync(_ => ValueTask.FromResult(new GrpcStatus(GrpcStatusCode.FailedPrecondition, "no")));
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        Assert.Equal(GrpcStatusCode.FailedPrecondition, (await call.GetStatusAsync(Stop)).Code);

        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(async () => await call.WriteAsync(new byte[1], Stop));

        Assert.Equal(new(GrpcStatusCode.FailedPrecondition, "no"), failure.Status);
    }

    [Fact]
    public async Task WaitToReadAsync_Cancelled_LeavesTheCallAsItIs()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        await call.WriteAsync("a"u8.ToArray(), Stop);
        Assert.True(await call.WaitToReadAsync(Stop));
        Assert.True(call.TryRead(out _));
        using var cancellation = new CancellationTokenSource();
        Task<bool> wait = call.WaitToReadAsync(cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        await call.WriteAsync("b"u8.ToArray(), Stop);
        Assert.True(await call.WaitToReadAsync(Stop));
        Assert.True(call.TryRead(out ReadOnlySequence<byte> message));
        Assert.Equal("b", Encoding.ASCII.GetString(message));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OpenDuplex_Cancelled_EndsTheCallOnBothSides(bool afterAMessage)
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using GrpcChannel channel = server.Connect();
        using var cancellation = new CancellationTokenSource();
        await using GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, cancellation.Token);
        if (afterAMessage)
        {
            await call.WriteAsync("a"u8.ToArray(), Stop);
            Assert.True(await call.WaitToReadAsync(Stop));
            Assert.True(call.TryRead(out _));
        }
        await Poll.UntilAsync(() => server.Counters.Active == 1, "the call runs");
        Task<bool> wait = call.WaitToReadAsync(Stop).AsTask();

        await cancellation.CancelAsync();

        Assert.False(await wait);
        Assert.Equal(GrpcStatusCode.Cancelled, (await call.GetStatusAsync(Stop)).Code);
        await Poll.UntilAsync(() => server.Counters.Ended(GrpcStatusCode.Cancelled) == 1, "the server notices");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Timeout_ThatPasses_EndsTheCallEvenWhenTheServerDoesNot(bool afterAMessage)
    {
        await using HttpTestServer server = await HttpTestServer.StartAsync(async context =>
        {
            if (afterAMessage)
            {
                context.Response.ContentType = "application/grpc";
                await context.Response.Body.WriteAsync(Segments.Frame([1]), Stop);
                await context.Response.Body.FlushAsync(Stop);
            }
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var channel = new GrpcChannel(new GrpcChannelOptions { Address = server.Address });
        await using GrpcDuplexCall call = channel.OpenDuplex("/a/b", new GrpcCallOptions { Timeout = TimeSpan.FromSeconds(1) }, Stop);

        GrpcStatus status = await call.GetStatusAsync(Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Stop);

        Assert.Equal(GrpcStatusCode.DeadlineExceeded, status.Code);
    }

    [Fact]
    public async Task Dispose_OfAnOpenCall_ResetsItsStreamAlone()
    {
        await using GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        using GrpcChannel channel = server.Connect();
        GrpcDuplexCall first = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        await using GrpcDuplexCall second = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        await Poll.UntilAsync(() => server.Counters.Active == 2, "both calls run");

        await first.DisposeAsync();
        await first.DisposeAsync();
        await Poll.UntilAsync(() => server.Counters.Ended(GrpcStatusCode.Cancelled) == 1, "the first call ends");
        await second.WriteAsync("x"u8.ToArray(), Stop);

        Assert.True(await second.WaitToReadAsync(Stop));
        Assert.Equal(1, server.ConnectionCount);
    }

    [Fact]
    public async Task Server_ThatStops_EndsTheCallAndTheNextOneReconnects()
    {
        GrpcTestServer server = await StartAsync(TestMethods.EchoAsync);
        Uri address = server.Address;
        using GrpcChannel channel = server.Connect();
        await using (GrpcDuplexCall call = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop))
        {
            await call.WriteAsync("x"u8.ToArray(), Stop);
            Assert.True(await call.WaitToReadAsync(Stop));
            await server.DisposeAsync();
            Assert.False(call.TryRead(out _) && call.TryRead(out _));
            Assert.NotEqual(GrpcStatusCode.Unknown, (await call.GetStatusAsync(Stop)).Code);
        }

        await using GrpcTestServer again = await GrpcTestServer.StartAsync(app => app.MapGrpc(TestMethods.Path, TestMethods.EchoAsync), null, $"port={address.Port}");
        await using GrpcDuplexCall next = channel.OpenDuplex(TestMethods.Path, GrpcCallOptions.Default, Stop);
        await next.WriteAsync("x"u8.ToArray(), Stop);
        Assert.True(await next.WaitToReadAsync(Stop));
    }

    private static Task<GrpcTestServer> StartAsync(GrpcMethod method) => GrpcTestServer.StartAsync(app => app.MapGrpc(TestMethods.Path, method));
}
