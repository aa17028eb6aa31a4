using System.Buffers;
using System.Text;
using Observability.Aggregator.Grpc;

namespace Observability.Protocol.Tests.Client;

public sealed class GrpcDuplexCallTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WriteAsync_ToAnEcho_ReturnsEveryMessageInOrder()
    {
        await using GrpcTestServer server = await GrpcTestServer.StartAsync(app => app.MapGrpc(TestMethods.Path, TestMethods.EchoAsync));
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
    }

    [Fact]
    public async Task OpenDuplex_OfAnUnknownMethod_EndsWithUnimplemented()
    {
        await using GrpcTestServer server = await GrpcTestServer.StartAsync(app => app.MapGrpc(TestMethods.Path, TestMethods.EchoAsync));
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex("/test.Service/Other", GrpcCallOptions.Default, Stop);

        GrpcStatus status = await call.GetStatusAsync(Stop);

        Assert.Equal(GrpcStatusCode.Unimplemented, status.Code);
        Assert.Contains("/test.Service/Other", status.Detail, StringComparison.Ordinal);
        Assert.Equal("12", call.Trailers["grpc-status"]);
    }
}
