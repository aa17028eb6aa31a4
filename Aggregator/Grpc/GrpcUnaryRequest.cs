using System.Buffers;
using Google.Protobuf;
using Observability.Protocol;

namespace Observability.Aggregator.Grpc;

/// <summary>Reads the one message that a unary or server-streaming method is called with.</summary>
internal static class GrpcUnaryRequest
{
    /// <exception cref="GrpcException">There is none, there is more than one, or it is malformed.</exception>
    public static async ValueTask<T> ReadSingleAsync<T>(this GrpcServerCall call, MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        T? request = null;
        while (await call.WaitToReadAsync())
        {
            while (call.TryRead(out ReadOnlySequence<byte> message))
            {
                if (request is not null)
                {
                    throw new GrpcException(GrpcStatusCode.Internal, $"Cannot serve {call.Method}: it takes one message, more came.");
                }
                request = Parse(call, parser, message);
            }
        }
        return request ?? throw new GrpcException(GrpcStatusCode.Internal, $"Cannot serve {call.Method}: it takes one message, none came.");
    }

    public static T Parse<T>(GrpcServerCall call, MessageParser<T> parser, in ReadOnlySequence<byte> message)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException invalid)
        {
            throw new GrpcException(new(GrpcStatusCode.InvalidArgument, $"Cannot read the message of {call.Method}: {invalid.Message}"), invalid);
        }
    }
}
