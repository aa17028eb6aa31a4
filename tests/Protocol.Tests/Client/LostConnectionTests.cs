using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Observability.Protocol.Tests.Client;

/// <summary>Connections that end under a call, frame by frame.</summary>
public sealed class LostConnectionTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public LostConnectionTests() => _listener.Start();

    private static CancellationToken Stop => TestLimit.Token;

    private Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Connect_ToAClosedPort_IsUnavailable()
    {
        _listener.Stop();
        using var channel = new GrpcChannel(new GrpcChannelOptions { Address = Address });
        await using GrpcDuplexCall call = channel.OpenDuplex("/a/b", GrpcCallOptions.Default, Stop);

        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(async () => await call.WriteAsync(new byte[1], Stop));
        Assert.Equal(GrpcStatusCode.Unavailable, failure.Status.Code);
        Assert.Equal(GrpcStatusCode.Unavailable, (await StatusAsync(call)).Code);
        Assert.False(await call.WaitForHeadersAsync(Stop));
    }

    [Fact]
    public async Task Connect_ToWhatNeverAnswers_IsUnavailableAfterTheTimeout()
    {
        // Accepted by the system, never by a program: TLS waits for a hello that does not come.
        using var channel = new GrpcChannel(new GrpcChannelOptions
        {
            Address = new Uri(Address.ToString().Replace("http:", "https:", StringComparison.Ordinal)),
            ConnectTimeout = TimeSpan.FromMilliseconds(200),
        });
        await using GrpcDuplexCall call = channel.OpenDuplex("/a/b", GrpcCallOptions.Default, Stop);

        Assert.Equal(GrpcStatusCode.Unavailable, (await StatusAsync(call)).Code);
    }

    [Fact]
    public async Task Connection_ClosedBeforeTheHeaders_IsUnavailable()
    {
        using var channel = new GrpcChannel(new GrpcChannelOptions { Address = Address });
        await using GrpcDuplexCall call = channel.OpenDuplex("/a/b", GrpcCallOptions.Default, Stop);
        using (RawHttp2 connection = await RawHttp2.AcceptAsync(_listener))
        {
            await connection.ReceiveAsync(RawHttp2.Headers, 1);
        }
        _listener.Stop();                               // the platform may try once more: nobody answers

        Assert.Equal(GrpcStatusCode.Unavailable, (await StatusAsync(call)).Code);
    }

    [Fact]
    public async Task Connection_LostInMidMessage_IsUnavailable()
    {
        using var channel = new GrpcChannel(new GrpcChannelOptions { Address = Address });
        await using GrpcDuplexCall call = channel.OpenDuplex("/a/b", GrpcCallOptions.Default, Stop);
        using (RawHttp2 connection = await AnswerAsync())
        {
            await connection.SendAsync(RawHttp2.Data, 0, 1, Segments.Frame([1]));
            await connection.SendAsync(RawHttp2.Data, 0, 1, Segments.Frame([1, 2, 3])[..6]);
            Assert.True(await call.WaitToReadAsync(Stop));
            Assert.True(call.TryRead(out _));
        }

        Assert.False(await call.WaitToReadAsync(Stop));
        Assert.Equal(GrpcStatusCode.Unavailable, (await StatusAsync(call)).Code);
        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(async () => await call.WriteAsync(new byte[1], Stop));
        Assert.Equal(GrpcStatusCode.Unavailable, failure.Status.Code);
    }

    [Fact]
    public async Task GoAway_WithoutAnError_LetsTheCallFinishAndTheNextOneConnectsAnew()
    {
        using var channel = new GrpcChannel(new GrpcChannelOptions { Address = Address });
        await using GrpcDuplexCall call = channel.OpenDuplex("/a/b", GrpcCallOptions.Default, Stop);
        using RawHttp2 connection = await AnswerAsync();

        await connection.SendGoAwayAsync(lastStream: 1, code: 0);
        await connection.SendAsync(RawHttp2.Data, 0, 1, Segments.Frame([42]));
        Assert.True(await call.WaitToReadAsync(Stop));
        Assert.True(call.TryRead(out ReadOnlySequence<byte> message));
        Assert.Equal(42, message.FirstSpan[0]);
        await call.WriteAsync("still here"u8.ToArray(), Stop);
        Assert.Contains("still here", Encoding.ASCII.GetString(await connection.ReceiveAsync(RawHttp2.Data, 1)), StringComparison.Ordinal);
        await connection.SendHeadersAsync(1, RawHttp2.EndStream, ("grpc-status", "0"));
        Assert.True((await StatusAsync(call)).IsOk);

        await using GrpcDuplexCall next = channel.OpenDuplex("/a/b", GrpcCallOptions.Default, Stop);
        using RawHttp2 second = await AnswerAsync();
        await second.SendHeadersAsync(1, RawHttp2.EndStream, ("grpc-status", "0"));
        Assert.True((await StatusAsync(next)).IsOk);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 2)]
    [InlineData(0, 11)]
    public async Task GoAway_FollowedByTheEnd_IsUnavailable(int lastStream, int code)
    {
        using var channel = new GrpcChannel(new GrpcChannelOptions { Address = Address });
        await using GrpcDuplexCall call = channel.OpenDuplex("/a/b", GrpcCallOptions.Default, Stop);
        using (RawHttp2 connection = await AnswerAsync())
        {
            Assert.True(await call.WaitForHeadersAsync(Stop));
            await connection.SendGoAwayAsync(lastStream, code);
        }

        Assert.Equal(GrpcStatusCode.Unavailable, (await StatusAsync(call)).Code);
    }

    [Fact]
    public async Task Connection_ThatAnswersNoPing_IsUnavailable()
    {
        using var channel = new GrpcChannel(new GrpcChannelOptions
        {
            Address = Address,
            KeepAlivePingDelay = TimeSpan.FromSeconds(1),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(1),
        });
        await using GrpcDuplexCall call = channel.OpenDuplex("/a/b", GrpcCallOptions.Default, Stop);
        using RawHttp2 connection = await AnswerAsync();

        Assert.Equal(GrpcStatusCode.Unavailable, (await StatusAsync(call)).Code);   // nobody reads the pings from here on
    }

    /// <summary>Takes the connection, reads the call's headers and sends the response's.</summary>
    private async Task<RawHttp2> AnswerAsync()
    {
        RawHttp2 connection = await RawHttp2.AcceptAsync(_listener);
        await connection.ReceiveAsync(RawHttp2.Headers, 1);
        await connection.SendHeadersAsync(1, 0, (":status", "200"), ("content-type", "application/grpc"));
        return connection;
    }

    private static Task<GrpcStatus> StatusAsync(GrpcDuplexCall call) => call.GetStatusAsync(Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Stop);
}
