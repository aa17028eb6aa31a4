using System.Buffers;
using Observability.Aggregator.Grpc;

namespace Observability.Protocol.Tests;

/// <summary>Methods that many tests serve.</summary>
internal static class TestMethods
{
    public const string Path = "/test.Service/Method";

    /// <summary>Sends every message back.</summary>
    public static async ValueTask<GrpcStatus> EchoAsync(GrpcServerCall call)
    {
        while (await call.WaitToReadAsync())
        {
            while (call.TryRead(out ReadOnlySequence<byte> message))
            {
                call.Write(message.ToArray());
            }
            await call.FlushAsync();
        }
        return GrpcStatus.Ok;
    }

    /// <summary>Reads to the end and answers with the number of messages and of bytes.</summary>
    public static async ValueTask<GrpcStatus> CountAsync(GrpcServerCall call)
    {
        long messages = 0;
        long bytes = 0;
        while (await call.WaitToReadAsync())
        {
            while (call.TryRead(out ReadOnlySequence<byte> message))
            {
                messages++;
                bytes += message.Length;
            }
        }
        call.Write(System.Text.Encoding.ASCII.GetBytes(FormattableString.Invariant($"{messages} {bytes}")));
        return GrpcStatus.Ok;
    }
}
