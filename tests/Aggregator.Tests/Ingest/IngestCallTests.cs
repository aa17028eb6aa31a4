using System.Buffers;
using Grpc.Core;
using Observability.Aggregator.Ingest;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>A call read through a reader that, as the framework's, has one pending read at most and nothing like "is there one more?".</summary>
public sealed class IngestCallTests
{
    private readonly FakeReader _reader = new();

    [Fact]
    public async Task WaitToReadAsync_AMessageThatComesLater_IsRead()
    {
        using IngestCall call = new(_reader, "peer");
        ValueTask<bool> wait = call.WaitToReadAsync();
        Assert.False(wait.IsCompleted);
        _reader.Add(7);

        Assert.True(await wait);
        Assert.Equal([7], ReadAll(call));
    }

    [Fact]
    public async Task Wake_WhileWaiting_EndsTheWaitAndLosesNoMessage()
    {
        using IngestCall call = new(_reader, "peer");
        ValueTask<bool> wait = call.WaitToReadAsync();
        call.Wake();
        Assert.True(await wait);
        Assert.Empty(ReadAll(call));

        ValueTask<bool> next = call.WaitToReadAsync();
        _reader.Add(7);
        Assert.True(await next);
        Assert.Equal([7], ReadAll(call));
    }

    [Fact]
    public async Task StopReading_WithMessagesHere_ReadsAllOfThemThenEnds()
    {
        using IngestCall call = new(_reader, "peer");
        ValueTask<bool> wait = call.WaitToReadAsync();
        _reader.AddUnseen(1, 2, 3);
        call.StopReading();

        List<byte> read = [];
        while (await wait)
        {
            read.AddRange(ReadAll(call));
            wait = call.WaitToReadAsync();
        }
        Assert.Equal([1, 2, 3], read);
        Assert.True(call.IsStopped);
        Assert.Null(call.End);
    }

    [Fact]
    public async Task Abort_WhileWaiting_EndsWithItsStatusAndReadsNoMore()
    {
        using IngestCall call = new(_reader, "peer");
        ValueTask<bool> wait = call.WaitToReadAsync();
        _reader.AddUnseen(1);
        call.Abort(new Status(StatusCode.Aborted, "taken over"));

        while (await wait)
        {
            wait = call.WaitToReadAsync();
        }
        Assert.Empty(ReadAll(call));
        Assert.Equal(new Status(StatusCode.Aborted, "taken over"), call.End?.Status);
    }

    [Fact]
    public async Task WaitToReadAsync_WhenTheClientEnds_IsFalse()
    {
        using IngestCall call = new(_reader, "peer");
        ValueTask<bool> wait = call.WaitToReadAsync();
        _reader.End();

        while (await wait)
        {
            wait = call.WaitToReadAsync();
        }
        Assert.Null(call.End);
        Assert.False(call.IsStopped);
    }

    [Fact]
    public async Task WaitToReadAsync_WhenTheConnectionIsLost_IsFalseAndCancelled()
    {
        using IngestCall call = new(_reader, "peer");
        ValueTask<bool> wait = call.WaitToReadAsync();
        _reader.Fail(new IOException("reset"));

        while (await wait)
        {
            wait = call.WaitToReadAsync();
        }
        Assert.Equal(StatusCode.Cancelled, call.End?.StatusCode);
    }

    [Fact]
    public void Read_ThousandsOfMessages_AllocatesNothing()
    {
        const int Messages = 10_000;
        byte[] payload = new byte[30_000];
        using IngestCall call = new(new ReadyReader(payload), "peer");
        long bytes = Read(call, Messages);
        AllocationMeter meter = AllocationMeter.Start();
        bytes = Read(call, Messages);
        meter.AssertNothing();
        Assert.Equal((long)Messages * payload.Length, bytes);
    }

    private static long Read(IngestCall call, int messages)
    {
        long bytes = 0;
        for (int i = 0; i < messages; i++)
        {
            bytes += call.TryRead(out ReadOnlyMemory<byte> message) ? message.Length : 0;
            ValueTask<bool> wait = call.WaitToReadAsync();
            bytes -= wait.IsCompletedSuccessfully && wait.Result ? 0 : 1;
        }
        return bytes;
    }

    private static List<byte> ReadAll(IngestCall call)
    {
        List<byte> read = [];
        while (call.TryRead(out ReadOnlyMemory<byte> message))
        {
            read.Add(message.Span[0]);
        }
        return read;
    }

    private static BatchMessage Message(byte content) => BatchMessage.Copy(new ReadOnlySequence<byte>([content]));

    private sealed class FakeReader : IAsyncStreamReader<BatchMessage>
    {
        private readonly Queue<byte> _messages = [];
        private TaskCompletionSource<bool>? _pending;

        public BatchMessage Current { get; private set; } = null!;

        public Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            Assert.True(_pending is null or { Task.IsCompleted: true }, "A read was begun while another one was pending.");
            if (cancellationToken.IsCancellationRequested)
            {
                return Task.FromCanceled<bool>(cancellationToken);
            }
            if (_messages.TryDequeue(out byte content))
            {
                Current = Message(content);
                return Task.FromResult(true);
            }
            TaskCompletionSource<bool> pending = _pending = new(TaskCreationOptions.RunContinuationsAsynchronously);
            cancellationToken.Register(() => pending.TrySetCanceled(cancellationToken));
            return pending.Task;
        }

        public void Add(byte content)
        {
            Current = Message(content);
            _pending!.TrySetResult(true);
        }

        /// <summary>Messages that a pending read does not find, because it is cancelled first.</summary>
        public void AddUnseen(params byte[] contents) => Array.ForEach(contents, _messages.Enqueue);

        public void End() => _pending!.TrySetResult(false);

        public void Fail(Exception exception) => _pending!.TrySetException(exception);
    }

    /// <summary>Always has one more message.</summary>
    private sealed class ReadyReader(byte[] payload) : IAsyncStreamReader<BatchMessage>
    {
        private static readonly Task<bool> True = Task.FromResult(true);

        public BatchMessage Current { get; private set; } = null!;

        public Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            Current = BatchMessage.Copy(new ReadOnlySequence<byte>(payload));
            return True;
        }
    }
}
