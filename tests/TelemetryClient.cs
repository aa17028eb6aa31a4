using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Observability.Protocol.V1;

namespace Observability.Tests;

/// <summary>A gRPC client of the ingestor that sends messages as bytes, so that malformed ones can be sent too. One connection, any number of calls.</summary>
internal sealed class TelemetryClient(Uri address, string? apiKey = null) : IDisposable
{
    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(address);

    public TelemetryCall Open(string method, CancellationToken cancellationToken = default)
    {
        // Also for StreamTelemetry, which differs in nothing but how many answers come.
        var open = new Method<byte[], Ack>(
            MethodType.DuplexStreaming, "telemetry.v1.TelemetryIngestor", method,
            Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes), Marshallers.Create<Ack>(ack => ack.ToByteArray(), Ack.Parser.ParseFrom));
        Metadata headers = apiKey is null ? [] : new Metadata { { "x-api-key", apiKey } };
        return new TelemetryCall(_channel.CreateCallInvoker().AsyncDuplexStreamingCall(open, host: null, new CallOptions(headers, cancellationToken: cancellationToken)));
    }

    public void Dispose() => _channel.Dispose();
}

/// <summary>One call of either method. How it ends is a value.</summary>
internal sealed class TelemetryCall(AsyncDuplexStreamingCall<byte[], Ack> call) : IDisposable
{
    public Metadata Trailers { get; private set; } = [];

    /// <summary>Acks that <see cref="EndAsync"/> found unread.</summary>
    public int AcksLeft { get; private set; }

    public Task WriteAsync(IMessage message) => WriteAsync(message.ToByteArray());

    public Task WriteAsync(byte[] message) => call.RequestStream.WriteAsync(message);

    public Task CompleteAsync() => call.RequestStream.CompleteAsync();

    /// <summary>The next Ack; fails when the call ends instead.</summary>
    public async Task<Ack> ReadAsync()
    {
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None), "The stream ended without an Ack.");
        return call.ResponseStream.Current;
    }

    /// <summary>Reads what is left, and says how the call ended.</summary>
    public async Task<Status> EndAsync()
    {
        try
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                AcksLeft++;
            }
            Trailers = call.GetTrailers();
            return call.GetStatus();
        }
        catch (RpcException ended)
        {
            Trailers = ended.Trailers;
            return ended.Status;
        }
    }

    public void Dispose() => call.Dispose();
}
