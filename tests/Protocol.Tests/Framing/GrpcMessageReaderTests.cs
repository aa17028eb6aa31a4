using System.Buffers;
using System.IO.Pipelines;

namespace Observability.Protocol.Tests.Framing;

public sealed class GrpcMessageReaderTests
{
    private const int MessageBytesMax = 1000;

    private static CancellationToken Stop => TestLimit.Token;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task TryRead_OfMessagesCutAnywhere_ReturnsEachWhole(int segmentBytes)
    {
        byte[][] sent = [[], [1], [.. Enumerable.Range(0, 900).Select(value => (byte)value)], [2, 3]];
        byte[] bytes = [.. sent.SelectMany(message => Segments.Frame(message))];
        using var reader = new GrpcMessageReader(PipeReader.Create(Segments.Cut(bytes, segmentBytes)), new() { MessageBytesMax = MessageBytesMax });

        Assert.Equal(sent, await ReadAllAsync(reader));
    }

    [Fact]
    public async Task TryRead_OfAMessageOverHundredsOfSegments_IsAViewWithoutACopy()
    {
        byte[] message = [.. Enumerable.Range(0, 900).Select(value => (byte)value)];
        byte[] bytes = Segments.Frame(message);
        using var reader = new GrpcMessageReader(PipeReader.Create(Segments.Cut(bytes, 3)), new() { MessageBytesMax = MessageBytesMax });

        Assert.True(await reader.WaitToReadAsync(Stop));
        Assert.True(reader.TryRead(out ReadOnlySequence<byte> view));
        bytes[GrpcMessage.PrefixBytes] = 99;            // what the pipe holds, the view shows

        int segments = 0;
        foreach (ReadOnlyMemory<byte> _ in view)
        {
            segments++;
        }
        Assert.True(segments >= 300, $"{segments} segments");
        Assert.Equal(99, view.FirstSpan[0]);
        Assert.Equal(message[1..], view.ToArray()[1..]);
    }

    [Fact]
    public async Task WaitToReadAsync_WithManyMessagesBuffered_WaitsOnceForAllOfThem()
    {
        var pipe = new Pipe();
        for (byte value = 0; value < 50; value++)
        {
            pipe.Writer.Write(Segments.Frame([value]));
        }
        await pipe.Writer.FlushAsync(Stop);
        using var reader = new GrpcMessageReader(pipe.Reader, new() { MessageBytesMax = MessageBytesMax });

        Assert.True(await reader.WaitToReadAsync(Stop));
        int read = 0;
        while (reader.TryRead(out ReadOnlySequence<byte> message))
        {
            Assert.Equal(read++, message.FirstSpan[0]);
        }
        Assert.Equal(50, read);
    }

    [Theory]
    [InlineData(MessageBytesMax, true)]
    [InlineData(MessageBytesMax + 1, false)]
    public async Task WaitToReadAsync_AtTheLimit_TakesAMessageAndNotOneByteMore(int bytes, bool taken)
    {
        using GrpcMessageReader reader = Over(Segments.Frame(new byte[bytes]));

        if (taken)
        {
            Assert.Single(await ReadAllAsync(reader));
            return;
        }
        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(() => ReadAllAsync(reader));
        Assert.Equal(GrpcStatusCode.ResourceExhausted, failure.Status.Code);
        Assert.Contains("1001", failure.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("1000", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WaitToReadAsync_OfAnAnnouncedOversizedMessage_DoesNotWaitForIt()
    {
        var pipe = new Pipe();
        byte[] prefix = new byte[GrpcMessage.PrefixBytes];
        GrpcMessage.WritePrefix(prefix, compressed: false, int.MaxValue);
        await pipe.Writer.WriteAsync(prefix, Stop);
        using var reader = new GrpcMessageReader(pipe.Reader, new() { MessageBytesMax = MessageBytesMax });

        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(async () => await reader.WaitToReadAsync(Stop));

        Assert.Equal(GrpcStatusCode.ResourceExhausted, failure.Status.Code);
    }

    [Theory]
    [InlineData(1, "grpc-encoding")]
    [InlineData(2, "flag is 2")]
    [InlineData(255, "flag is 255")]
    public async Task WaitToReadAsync_OfAFlagThatSaysNothing_IsInternal(byte flag, string detail)
    {
        using GrpcMessageReader reader = Over([.. Segments.Frame([1]), .. Segments.Frame([2], flag)]);

        Assert.True(await reader.WaitToReadAsync(Stop));
        Assert.True(reader.TryRead(out _));
        Assert.False(reader.TryRead(out _));
        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(async () => await reader.WaitToReadAsync(Stop));

        Assert.Equal(GrpcStatusCode.Internal, failure.Status.Code);
        Assert.Contains(detail, failure.Status.Detail, StringComparison.Ordinal);
        Assert.False(reader.TryRead(out _));            // and it stays so
        await Assert.ThrowsAsync<GrpcException>(async () => await reader.WaitToReadAsync(Stop));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    public async Task WaitToReadAsync_WhenTheStreamEndsInAMessage_IsInternal(int bytes)
    {
        using GrpcMessageReader reader = Over(Segments.Frame([1, 2, 3])[..bytes]);

        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(async () => await reader.WaitToReadAsync(Stop));

        Assert.Equal(GrpcStatusCode.Internal, failure.Status.Code);
    }

    [Fact]
    public async Task WaitToReadAsync_WhenAMessageStaysHalf_EndsAfterTheTimeout()
    {
        var time = new ManualTime();
        var pipe = new Pipe();
        using var reader = new GrpcMessageReader(pipe.Reader, Timed(time));
        await pipe.Writer.WriteAsync(new byte[] { 0, 0, 0 }, Stop);

        Task<bool> wait = reader.WaitToReadAsync(Stop).AsTask();
        time.Advance(TimeSpan.FromSeconds(9));
        await pipe.Writer.WriteAsync(new byte[] { 0, 9 }, Stop);     // more of it does not buy more time
        Assert.False(wait.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));

        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(() => wait);
        Assert.Equal(GrpcStatusCode.DeadlineExceeded, failure.Status.Code);
    }

    [Fact]
    public async Task WaitToReadAsync_WhenNoMessageHasBegun_IdlesForEver()
    {
        var time = new ManualTime();
        var pipe = new Pipe();
        using var reader = new GrpcMessageReader(pipe.Reader, Timed(time));

        for (byte value = 0; value < 3; value++)
        {
            Task<bool> wait = reader.WaitToReadAsync(Stop).AsTask();
            time.Advance(TimeSpan.FromDays(30));
            Assert.False(wait.IsCompleted);
            await pipe.Writer.WriteAsync(Segments.Frame([value]), Stop);
            Assert.True(await wait);
            Assert.True(reader.TryRead(out ReadOnlySequence<byte> message));
            Assert.Equal(value, message.FirstSpan[0]);
        }
    }

    [Fact]
    public async Task WaitToReadAsync_WhenEveryReadEndsInTheNextMessage_TimesEachMessageAlone()
    {
        var time = new ManualTime();
        var pipe = new Pipe();
        using var reader = new GrpcMessageReader(pipe.Reader, Timed(time));
        byte[] message = Segments.Frame([1, 2, 3]);
        await pipe.Writer.WriteAsync(message.AsMemory(0, 4), Stop);

        for (int index = 0; index < 20; index++)
        {
            // Never between messages at a wait, 60 s in all, each message within 6 s: the limit of 10 s is not met.
            Task<bool> wait = reader.WaitToReadAsync(Stop).AsTask();
            time.Advance(TimeSpan.FromSeconds(3));
            await pipe.Writer.WriteAsync(message.AsMemory(4).ToArray().Concat(message[..4]).ToArray(), Stop);
            Assert.True(await wait);
            Assert.True(reader.TryRead(out _));
            Assert.False(reader.TryRead(out _));
        }
        Assert.InRange(time.ChangeCount, 1, 10);        // the timer is armed once per timeout, not once per message
    }

    [Fact]
    public async Task Interrupt_WhileWaiting_ThrowsTheStatusAndGoesBeforeMessages()
    {
        var pipe = new Pipe();
        using var reader = new GrpcMessageReader(pipe.Reader, new() { MessageBytesMax = MessageBytesMax });
        Task<bool> wait = reader.WaitToReadAsync(Stop).AsTask();

        reader.Interrupt(new(GrpcStatusCode.Aborted, "taken over"));
        reader.Interrupt(new(GrpcStatusCode.Unknown, "too late"));

        GrpcException failure = await Assert.ThrowsAsync<GrpcException>(() => wait);
        Assert.Equal(new(GrpcStatusCode.Aborted, "taken over"), failure.Status);
        await pipe.Writer.WriteAsync(Segments.Frame([1]), Stop);
        await Assert.ThrowsAsync<GrpcException>(async () => await reader.WaitToReadAsync(Stop));
    }

    [Fact]
    public async Task StopReading_WithMessagesBuffered_ReadsThemAndThenEnds()
    {
        var pipe = new Pipe();
        using var reader = new GrpcMessageReader(pipe.Reader, new() { MessageBytesMax = MessageBytesMax });
        await pipe.Writer.WriteAsync(Segments.Frame([1]), Stop);
        Assert.True(await reader.WaitToReadAsync(Stop));
        Assert.True(reader.TryRead(out _));
        await pipe.Writer.WriteAsync(Segments.Frame([2]).Concat(Segments.Frame([3])).Concat(Segments.Frame([4])[..3]).ToArray(), Stop);

        reader.StopReading();

        Assert.Equal([[2], [3]], await ReadAllAsync(reader));
        Assert.True(reader.IsStopped);
    }

    [Fact]
    public async Task StopReading_WhileWaiting_EndsTheWait()
    {
        var pipe = new Pipe();
        using var reader = new GrpcMessageReader(pipe.Reader, new() { MessageBytesMax = MessageBytesMax });
        Task<bool> wait = reader.WaitToReadAsync(Stop).AsTask();

        reader.StopReading();

        Assert.False(await wait);
    }

    [Fact]
    public async Task WaitToReadAsync_Cancelled_CanBeTakenUpAgain()
    {
        var pipe = new Pipe();
        using var reader = new GrpcMessageReader(pipe.Reader, new() { MessageBytesMax = MessageBytesMax, MapFailure = _ => GrpcStatus.Ok });
        using var cancellation = new CancellationTokenSource();
        await pipe.Writer.WriteAsync(new byte[] { 0, 0 }, Stop);
        Task<bool> wait = reader.WaitToReadAsync(cancellation.Token).AsTask();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        await pipe.Writer.WriteAsync(new byte[] { 0, 0, 1, 42 }, Stop);

        Assert.True(await reader.WaitToReadAsync(Stop));
        Assert.True(reader.TryRead(out ReadOnlySequence<byte> message));
        Assert.Equal([42], message.ToArray());
    }

    [Fact]
    public async Task Dispose_ThenInterrupt_LeavesThePipeAlone()
    {
        var pipe = new Pipe();
        var reader = new GrpcMessageReader(pipe.Reader, new() { MessageBytesMax = MessageBytesMax });
        await pipe.Writer.WriteAsync(Segments.Frame([1]), Stop);
        Assert.True(await reader.WaitToReadAsync(Stop));

        reader.Dispose();
        reader.Interrupt(new(GrpcStatusCode.Cancelled, ""));
        reader.StopReading();
        await pipe.Writer.WriteAsync(new byte[] { 7 }, Stop);

        ReadResult result = await pipe.Reader.ReadAsync(Stop);
        Assert.False(result.IsCanceled);
        Assert.Equal([7], result.Buffer.ToArray());
    }

    private static GrpcMessageReaderOptions Timed(TimeProvider time) =>
        new() { MessageBytesMax = MessageBytesMax, MessageTimeout = TimeSpan.FromSeconds(10), TimeProvider = time };

    private static GrpcMessageReader Over(byte[] bytes) => new(PipeReader.Create(new ReadOnlySequence<byte>(bytes)), new() { MessageBytesMax = MessageBytesMax });

    private static async Task<List<byte[]>> ReadAllAsync(GrpcMessageReader reader)
    {
        var messages = new List<byte[]>();
        while (await reader.WaitToReadAsync(Stop))
        {
            while (reader.TryRead(out ReadOnlySequence<byte> message))
            {
                messages.Add(message.ToArray());
            }
        }
        return messages;
    }
}
