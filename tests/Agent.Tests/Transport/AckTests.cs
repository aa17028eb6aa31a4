using System.Buffers;
using Google.Protobuf;
using Observability.Agent.Transport;
using Reference = Observability.Protocol.V1.Ack;

namespace Observability.Agent.Tests.Transport;

public sealed class AckTests
{
    [Fact]
    public void Read_AnyAck_AgreesWithTheReference()
    {
        var random = new Random(4);
        var ack = new Ack();                                // one for all: nothing of an earlier Ack may stay
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
            ack.Read(reference.ToByteArray());
            Assert.Equal(reference.ServerSessionId != 0, ack.IsValid);
            Assert.Equal(
                (reference.Rejected, reference.Sequence, reference.ServerTimeNs, reference.ServerSessionId, reference.EchoSentAtNs, (ulong)reference.RetryAfterMs),
                (ack.Rejected, ack.Sequence, ack.ServerTimeNs, ack.ServerSessionId, ack.EchoSentAtNs, ack.RetryAfterMs));
            Assert.Equal(reference.Message, ack.Message);
        }
    }

    [Fact]
    public void Read_AcrossSegments_IsTheSame()
    {
        byte[] bytes = new Reference { Sequence = 300, ServerSessionId = 9, Message = "x" }.ToByteArray();
        var first = new Segment(bytes.AsMemory(0, 2));
        Segment last = first.Append(bytes.AsMemory(2));
        var ack = new Ack();
        ack.Read(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));
        Assert.True(ack.IsValid);
        Assert.Equal((300UL, 9UL, "x"), (ack.Sequence, ack.ServerSessionId, ack.Message));
    }

    [Fact]
    public void Read_RandomBytes_NeverThrows()
    {
        var random = new Random(8);
        byte[] bytes = new byte[40];
        int refused = 0;
        var ack = new Ack();
        for (int i = 0; i < 100_000; i++)
        {
            random.NextBytes(bytes);
            ack.Read(bytes.AsSpan(0, random.Next(bytes.Length)));
            refused += ack.IsValid ? 0 : 1;
        }
        Assert.InRange(refused, 50_000, 100_000);
    }

    [Fact]
    public void Read_CutShort_IsNotValid()
    {
        byte[] bytes = new Reference { ServerSessionId = 9, Message = "reason" }.ToByteArray();
        Assert.True(IsValid(bytes));
        Assert.False(IsValid(bytes.AsSpan(0, bytes.Length - 1)));
        Assert.False(IsValid(bytes.AsSpan(0, 3)));
    }

    [Fact]
    public void Read_WithoutTheAggregatorsSession_IsNotValid() => Assert.False(IsValid(new Reference { Sequence = 9 }.ToByteArray()));

    [Fact]
    public void Read_AnAckThatRejectsNothing_AllocatesNothing()
    {
        byte[] bytes = new Reference { Received = 5, Sequence = 300, ServerSessionId = 9, ServerTimeNs = 4, EchoSentAtNs = 3 }.ToByteArray();
        var message = new ReadOnlySequence<byte>(bytes);
        var ack = new Ack();
        Assert.Equal(0, Allocation.Of(() => ack.Read(message)));
    }

    private static bool IsValid(ReadOnlySpan<byte> bytes)
    {
        var ack = new Ack();
        ack.Read(bytes);
        return ack.IsValid;
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
