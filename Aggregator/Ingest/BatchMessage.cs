using System.Buffers;
using System.Collections.Concurrent;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] The bytes of one batch, in one piece and pooled. The marshaller fills it on the thread that reads the call; whoever has applied it
/// releases it, once, on any thread.
/// </summary>
internal sealed class BatchMessage
{
    /// <summary>What an object keeps between messages; a larger message's buffer goes back to the shared pool at once.</summary>
    private const int KeptBytesMax = 64 * 1024;

    private static readonly ConcurrentQueue<BatchMessage> Free = new();
    [ThreadStatic] private static BatchMessage? t_free;

    private byte[] _bytes = [];
    private int _length;

    public ReadOnlyMemory<byte> Bytes => new(_bytes, 0, _length);

    public static BatchMessage Copy(in ReadOnlySequence<byte> payload)
    {
        BatchMessage? message = t_free;
        if (message is not null)
        {
            t_free = null;
        }
        else if (!Free.TryDequeue(out message))
        {
            message = new BatchMessage();
        }
        message._length = (int)payload.Length;
        if (message._bytes.Length < message._length)
        {
            message.ReturnBytes();
            message._bytes = ArrayPool<byte>.Shared.Rent(message._length);
        }
        payload.CopyTo(message._bytes);
        return message;
    }

    /// <summary>One object waits for each thread that releases, which mostly reads the next message too; others wait in the queue.</summary>
    public void Release()
    {
        if (_bytes.Length > KeptBytesMax)
        {
            ReturnBytes();
        }
        if (t_free is null)
        {
            t_free = this;
        }
        else
        {
            Free.Enqueue(this);
        }
    }

    private void ReturnBytes()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }
    }
}
