using System.Buffers;
using System.IO.Pipelines;

namespace Observability.Protocol.Tests.Framing;

/// <summary>The path of a message through our code allocates nothing: reading (at once, after a wait, split, compressed) and framing.</summary>
public sealed class AllocationTests
{
    private const int WarmUp = 2000;
    private const int Rounds = 10_000;

    private static readonly byte[] Message = [.. Enumerable.Range(0, 600).Select(value => (byte)(value % 32))];

    [Theory]
    [InlineData(GrpcEncoding.Identity)]
    [InlineData(GrpcEncoding.Snappy)]
    [InlineData(GrpcEncoding.Gzip)]
    public void TryRead_OfWhatIsBuffered_AllocatesNothing(GrpcEncoding encoding)
    {
        byte[] framed = Encode(encoding);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        using var reader = new GrpcMessageReader(pipe.Reader, new() { MessageBytesMax = 4096, Encoding = encoding });

        AssertNoAllocation(() =>
        {
            pipe.Writer.Write(framed);
            pipe.Writer.Write(framed);
            Done(pipe.Writer.FlushAsync(CancellationToken.None));
            Read(reader, Done(reader.WaitToReadAsync(CancellationToken.None)), expected: 2);
        });
    }

    [Fact]
    public void WaitToReadAsync_ThatWaitsAndGetsHalves_AllocatesNothing()
    {
        byte[] framed = Segments.Frame(Message);
        byte[] first = framed[..300];
        byte[] second = framed[300..];
        // Continuations run on the thread that flushes, so that this thread sees every allocation.
        var pipe = new Pipe(new PipeOptions(readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
        using var reader = new GrpcMessageReader(pipe.Reader, new() { MessageBytesMax = 4096, MessageTimeout = TimeSpan.FromHours(1) });

        AssertNoAllocation(() =>
        {
            ValueTask<bool> wait = reader.WaitToReadAsync(CancellationToken.None);
            Check(!wait.IsCompleted);
            Send(pipe, first);
            Check(!wait.IsCompleted);
            Send(pipe, second);
            Read(reader, Done(wait), expected: 1);
        });
    }

    [Theory]
    [InlineData(GrpcEncoding.Identity)]
    [InlineData(GrpcEncoding.Snappy)]
    public void Frame_OfAMessage_AllocatesNothing(GrpcEncoding encoding)
    {
        using var framer = new GrpcMessageFramer(encoding);

        AssertNoAllocation(() => Check(framer.Frame(Message).Length > GrpcMessage.PrefixBytes));
    }

    private static byte[] Encode(GrpcEncoding encoding)
    {
        using var framer = new GrpcMessageFramer(encoding);
        byte[] framed = framer.Frame(Message).ToArray();
        Assert.Equal(encoding == GrpcEncoding.Identity ? 0 : 1, framed[0]);
        return framed;
    }

    // Plain checks inside the loops: xUnit's own assertions allocate.
    private static void Check(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("The measured path did not do what it is measured for.");
        }
    }

    private static T Done<T>(ValueTask<T> task)
    {
        Check(task.IsCompletedSuccessfully);
        return task.Result;
    }

    private static void Send(Pipe pipe, byte[] bytes)
    {
        pipe.Writer.Write(bytes);
        Done(pipe.Writer.FlushAsync(CancellationToken.None));
    }

    private static void Read(GrpcMessageReader reader, bool available, int expected)
    {
        Check(available);
        while (reader.TryRead(out ReadOnlySequence<byte> message))
        {
            Check(message.Length == Message.Length);
            expected--;
        }
        Check(expected == 0);
    }

    private static void AssertNoAllocation(Action action)
    {
        for (int round = 0; round < WarmUp; round++)
        {
            action();
        }
        // The runtime may compile a hotter version of a method in between; that is not per message, so one clean pass of several counts.
        long leastBytes = long.MaxValue;
        for (int pass = 0; pass < 5 && leastBytes > 0; pass++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int round = 0; round < Rounds; round++)
            {
                action();
            }
            leastBytes = Math.Min(leastBytes, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, leastBytes);
    }
}
