using Observability.Aggregator.Streaming.Frames;
using Observability.Aggregator.Streaming.Viewers;

namespace Observability.Aggregator.Streaming.Connections;

/// <summary>
/// What waits for one connection's socket, in order and bounded. The frame loop adds frames, it and the receiver add texts; one sender takes.
/// Full means refuse. When it was idle, adding says so: the caller starts the sender, which runs until nothing is left.
/// </summary>
internal sealed class OutboundQueue(int framesMax, int textsMax)
{
    private readonly Lock _lock = new();
    private readonly Queue<Outbound> _items = new();
    private int _frameCount;
    private int _textCount;
    private bool _isSending;
    private bool _isClosed;

    /// <summary>The frame loop asks before it encodes; only it adds frames, so that after false one more fits.</summary>
    public bool IsFull => Volatile.Read(ref _frameCount) >= framesMax;

    public int FrameCount => Volatile.Read(ref _frameCount);

    public int TextCount => Volatile.Read(ref _textCount);

    /// <summary>Nothing waits and nothing is being sent.</summary>
    public bool IsIdle => !Volatile.Read(ref _isSending);

    /// <summary>Makes the caller the sender, if nothing waits and nobody sends. Until <see cref="TryEnd"/> others only add.</summary>
    public bool TryBegin()
    {
        lock (_lock)
        {
            if (_isSending || _isClosed)
            {
                return false;
            }
            _isSending = true;
            return true;
        }
    }

    /// <summary>False: something was added meanwhile, and the caller is still the sender.</summary>
    public bool TryEnd()
    {
        lock (_lock)
        {
            _isSending = _items.Count > 0;
            return !_isSending;
        }
    }

    public bool TryAdd(in Outbound item, out bool startSender)
    {
        lock (_lock)
        {
            startSender = false;
            if (_isClosed || (item.Frame is not null && _frameCount >= framesMax) || (item.Text is not null && _textCount >= textsMax))
            {
                return false;
            }
            _frameCount += item.Frame is null ? 0 : 1;
            _textCount += item.Text is null ? 0 : 1;
            _items.Enqueue(item);
            startSender = !_isSending;
            _isSending = true;
            return true;
        }
    }

    /// <summary>False: nothing is left and the sender stops.</summary>
    public bool TryTake(out Outbound item)
    {
        lock (_lock)
        {
            if (!_items.TryDequeue(out item))
            {
                _isSending = false;
                return false;
            }
            _frameCount -= item.Frame is null ? 0 : 1;
            _textCount -= item.Text is null ? 0 : 1;
            return true;
        }
    }

    /// <summary>Nothing more is taken or added; frames go back to their pool.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            while (_items.TryDequeue(out Outbound item))
            {
                item.Frame?.Release();
            }
            _frameCount = 0;
            _textCount = 0;
        }
    }
}

/// <summary>One thing that waits for a connection's socket: a frame, a text, a catch-up, or the end.</summary>
internal readonly record struct Outbound
{
    public PooledFrame? Frame { get; private init; }

    public Attachment? Attachment { get; private init; }

    /// <summary>Members of the attachment's set that the frame may hold.</summary>
    public int MemberCount { get; private init; }

    public byte[]? Text { get; private init; }

    public CatchUp? CatchUp { get; private init; }

    /// <summary>Neither of the others: the connection is closed after what came before.</summary>
    public bool IsEnd => Frame is null && Text is null && CatchUp is null;

    public static Outbound OfFrame(PooledFrame frame, Attachment attachment, int memberCount) =>
        new() { Frame = frame, Attachment = attachment, MemberCount = memberCount };

    public static Outbound OfText(byte[] text) => new() { Text = text };

    public static Outbound OfCatchUp(CatchUp catchUp) => new() { CatchUp = catchUp };

    public static Outbound End => default;
}
