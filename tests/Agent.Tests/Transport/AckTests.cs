using System.Buffers;
using Google.Protobuf;
using Observability.Agent.Transport;
using Reference = Observability.Protocol.V1.Ack;

namespace Observability.Agent.Tests.Transport;

public sealed class AckTests
{
    [Fact]
    public void TryRead_AnyAck_AgreesWithTheReference()
    {
        var random = new Random(4);
        for (int i = 0; i < 1000; i++)
        {
            var reference = new Reference
            {
                Received = Value(random),
                Rejected = Value(random),
                Message = random.Next(2) == 0 ? "" : "Grund: zu viele é",
                Sequence = Value(random),
                ServerTimeNs = Value(random),
                ServerSessionId = Value(random),
                EchoSentAtNs = Value(random),
                DemandChanged = random.Next(2) == 0,
                RetryAfterMs = (uint)random.Next(100_000),
            };
            reference.Demand.Add(new Observability.Protocol.V1.RefRange { FirstRef = 3, Count = 9 });
            Assert.True(Ack.TryRead(reference.ToByteArray(), out Ack ack));
            Assert.Equal(
                (reference.Rejected, reference.Sequence, reference.ServerTimeNs, reference.ServerSessionId, reference.EchoSentAtNs, (ulong)reference.RetryAfterMs),
                (ack.Rejected, ack.Sequence, ack.ServerTimeNs, ack.ServerSessionId, ack.EchoSentAtNs, ack.RetryAfterMs));
            Assert.Equal(reference.Message, ack.Message ?? "");
        }
    }

    [Fact]
    public void TryRead_AcrossSegments_IsTheSame()
    {
        byte[] bytes = new Reference { Sequence = 300, ServerSessionId = 9, Message = "x" }.ToByteArray();
        var first = new Segment(bytes.AsMemory(0, 2));
        Segment last = first.Append(bytes.AsMemory(2));
        Assert.True(Ack.TryRead(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length), out Ack ack));
        Assert.Equal((300UL, 9UL, "x"), (ack.Sequence, ack.ServerSessionId, ack.Message));
    }

    [Fact]
    public void TryRead_RandomBytes_NeverThrows()
    {
        var random = new Random(8);
        byte[] bytes = new byte[40];
        int refused = 0;
        for (int i = 0; i < 100_000; i++)
        {
            random.NextBytes(bytes);
            refused += Ack.TryRead(bytes.AsSpan(0, random.Next(bytes.Length)), out _) ? 0 : 1;
        }
        Assert.InRange(refused, 50_000, 100_000);
    }

    [Fact]
    public void TryRead_CutShort_IsFalse()
    {
        byte[] bytes = new Reference { ServerSessionId = 9, Message = "reason" }.ToByteArray();
        Assert.False(Ack.TryRead(bytes.AsSpan(0, bytes.Length - 1), out _));
        Assert.False(Ack.TryRead(bytes.AsSpan(0, 3), out _));
    }

    private static ulong Value(Random random) => (ulong)random.NextInt64() >> random.Next(64);

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
