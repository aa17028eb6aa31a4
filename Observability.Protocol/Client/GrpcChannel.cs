using System.Buffers;
using Google.Protobuf;

namespace Observability.Protocol;

/// <summary>
/// One address, one HTTP/2 connection, any number of calls. A lost connection ends its calls with UNAVAILABLE; the next call connects anew.
/// </summary>
public sealed class GrpcChannel : IDisposable
{
    private readonly HttpMessageInvoker _invoker;
    private readonly GrpcChannelOptions _options;
    private readonly GrpcEncoding _sendEncoding;

    public GrpcChannel(GrpcChannelOptions options)
    {
        _options = options;
        _sendEncoding = GrpcCompression.Require(options.SendCompression);
        // An invoker, not an HttpClient: its time-out of 100 s would end a call whose server sends its headers late.
        _invoker = new HttpMessageInvoker(GrpcTransport.CreateHandler(options), disposeHandler: true);
    }

    public Uri Address => _options.Address;

    /// <summary>Starts a call in which both sides may send any number of messages.</summary>
    /// <param name="method">/package.Service/Method.</param>
    /// <param name="options">What this call adds.</param>
    /// <param name="cancellationToken">Ends the call with CANCELLED at any time.</param>
    public GrpcDuplexCall OpenDuplex(string method, GrpcCallOptions options, CancellationToken cancellationToken = default)
    {
        HttpRequestMessage request = GrpcTransport.CreateRequest(method, _options, options);
        return new GrpcDuplexCall(_invoker, request, _sendEncoding, _options, options.Timeout, cancellationToken);
    }

    /// <summary>One message there, one back.</summary>
    /// <exception cref="GrpcException">Any status but OK.</exception>
    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        string method, TRequest request, MessageParser<TResponse> parser, GrpcCallOptions options, CancellationToken cancellationToken = default)
        where TRequest : IMessage
        where TResponse : IMessage<TResponse>
    {
        await using GrpcDuplexCall call = OpenDuplex(method, options, cancellationToken);
        try
        {
            await call.WriteAsync(request.ToByteArray(), CancellationToken.None);
        }
        catch (GrpcException)
        {
            // The server ended the call before it took the request; its status, read below, says why.
        }
        await call.CompleteAsync();
        TResponse? response = default;
        while (await call.WaitToReadAsync(CancellationToken.None))
        {
            while (call.TryRead(out var message))
            {
                if (response is not null)
                {
                    throw new GrpcException(GrpcStatusCode.Internal, $"Cannot complete {method}: the server answered a unary call with several messages.");
                }
                response = Parse(method, parser, message);
            }
        }
        GrpcStatus status = await call.GetStatusAsync(CancellationToken.None);
        if (!status.IsOk)
        {
            throw new GrpcException(status);
        }
        return response ?? throw new GrpcException(GrpcStatusCode.Internal, $"Cannot complete {method}: the server answered OK without a message.");
    }

    private static TResponse Parse<TResponse>(string method, MessageParser<TResponse> parser, in ReadOnlySequence<byte> message)
        where TResponse : IMessage<TResponse>
    {
        try
        {
            return parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException invalid)
        {
            throw new GrpcException(new(GrpcStatusCode.Internal, $"Cannot read the answer of {method}: {invalid.Message}"), invalid);
        }
    }

    public void Dispose() => _invoker.Dispose();
}
