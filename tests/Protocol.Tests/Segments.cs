using System.Buffers;

namespace Observability.Protocol.Tests;

/// <summary>Cuts bytes into a sequence of segments, as a pipe does.</summary>
internal static class Segments
{
    public static ReadOnlySequence<byte> Cut(byte[] bytes, int segmentBytes)
    {
        var first = new Segment(bytes.AsMemory(0, Math.Min(segmentBytes, bytes.Length)));
        Segment last = first;
        for (int start = segmentBytes; start < bytes.Length; start += segmentBytes)
        {
            last = last.Append(bytes.AsMemory(start, Math.Min(segmentBytes, bytes.Length - start)));
        }
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    /// <summary>One message behind its prefix.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> message, byte flag = 0)
    {
        byte[] framed = new byte[GrpcMessage.PrefixBytes + message.Length];
        GrpcMessage.WritePrefix(framed, compressed: false, message.Length);
        framed[0] = flag;
        message.CopyTo(framed.AsSpan(GrpcMessage.PrefixBytes));
        return framed;
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory) => Memory = memory;

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
