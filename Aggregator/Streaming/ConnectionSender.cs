using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Text;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.WebSockets;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// Writes to one socket: texts, shared frames, and catch-ups, which it encodes when their turn comes. One sender at a time: the frame loop for a
/// frame that the socket takes at once, else a thread of the pool.
/// </summary>
internal sealed class ConnectionSender(LiveSocket socket, FrameFormat format, AckWindow acks, LiveHub hub)
{
    /// <summary>What the close frame may say beside its status (RFC 6455, 5.5).</summary>
    private const int CloseReasonBytesMax = 123;

    /// <summary>Series in one message of the dictionary.</summary>
    private const int DictionarySeriesMax = 1000;

    private readonly SeriesBitmap _told = new();
    private byte[] _scratch = new byte[256];
    private PooledFrame? _rest;
    private int _restAt;
    private long _busySinceMs;
    private long _lastSentMs = hub.NowMs;
    private bool _isCatchingUp;

    /// <summary>When the send in progress began; 0: none is.</summary>
    public long BusySinceMs => Volatile.Read(ref _busySinceMs);

    public long LastSentMs => Volatile.Read(ref _lastSentMs);

    public bool IsCatchingUp => Volatile.Read(ref _isCatchingUp);

    /// <summary>True: the socket may take the frame at once, since nothing has to be told before it.</summary>
    public bool CanSendNow(in Outbound item) =>
        socket.IsDirect && format == FrameFormat.Binary && item.MemberCount <= item.Attachment!.ToldCount;

    /// <summary>[data plane] False: the socket is full; <see cref="SendRestAsync"/> sends what is left, and releases the frame.</summary>
    public bool TrySendNow(PooledFrame frame)
    {
        long nowMs = hub.NowMs;
        acks.OnSent(frame.Tick, nowMs);
        ReadOnlySpan<byte> message = Shape(frame).Message.Span;
        int sent = socket.TrySend(message);
        if (sent == message.Length)
        {
            hub.Counters.OnSentDirectly(sent);
            Volatile.Write(ref _lastSentMs, nowMs);
            return true;
        }
        Volatile.Write(ref _busySinceMs, nowMs);
        _restAt = sent;
        _rest = frame;
        return false;
    }

    public async ValueTask SendRestAsync()
    {
        if (_rest is not { } frame)
        {
            return;
        }
        try
        {
            ReadOnlyMemory<byte> message = Shape(frame).Message;
            await socket.SendAsync(message[_restAt..], CancellationToken.None);
            OnSent(message.Length);
        }
        finally
        {
            _rest = null;
            frame.Release();
        }
    }

    public async ValueTask SendAsync(Outbound item)
    {
        if (item.Frame is { } frame)
        {
            try
            {
                if (item.MemberCount > item.Attachment!.ToldCount)
                {
                    await TellAsync(item.Attachment, item.MemberCount);
                }
                await SendFrameAsync(frame, item.Attachment);
            }
            finally
            {
                frame.Release();
            }
        }
        else if (item.CatchUp is { } catchUp)
        {
            Volatile.Write(ref _isCatchingUp, true);
            await SendCatchUpAsync(catchUp);
            Volatile.Write(ref _isCatchingUp, false);
        }
        else if (item.Control is { } control)
        {
            await SendBytesAsync(control, item.Text!);
        }
        else if (item.Text is { Length: > 0 } text)
        {
            await SendTextAsync(text);
        }
    }

    public async ValueTask CloseAsync(WebSocketCloseStatus status, string? reason)
    {
        byte[] payload = [0, 0, .. Encoding.UTF8.GetBytes(reason ?? "").AsSpan(0, int.Min(CloseReasonBytesMax, Encoding.UTF8.GetByteCount(reason ?? "")))];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)status);
        await SendBytesAsync(Opcode.Close, payload);
    }

    private async ValueTask SendCatchUpAsync(CatchUp catchUp)
    {
        Attachment attachment = catchUp.Attachment;
        await TellAsync(attachment, catchUp.MemberCount);
        foreach (Backfill backfill in catchUp.Backfills)
        {
            await SendBackfillAsync(catchUp, backfill);
        }
        if (catchUp.MissedFrom is null)
        {
            return;
        }
        (PooledFrame? missed, long overwritten) = await hub.CatchUps.UseAsync(
            encoder => (encoder.EncodeMissed(catchUp, format, out long lost), lost), CancellationToken.None);
        if (missed is not null)
        {
            await SendAndReleaseAsync(missed, attachment);
        }
        if (overwritten > 0)
        {
            hub.Counters.OnMissedOverwritten(overwritten);
            await SendTextAsync(ServerMessages.Gap(attachment.Only?.Id, catchUp.MissedFromTick, catchUp.Tick, "overwritten", overwritten));
        }
    }

    private async ValueTask SendBackfillAsync(CatchUp catchUp, Backfill backfill)
    {
        Subscription subscription = backfill.Subscription;
        if (subscription.Id is { } id)
        {
            await SendTextAsync(ServerMessages.Subscribed(id, backfill.EffectiveRate, backfill.SeriesCount, subscription.FromNs, catchUp.Tick));
        }
        // JSON has no empty messages: what was not asked for is not answered there.
        if (format == FrameFormat.Json && subscription.FromNs is null)
        {
            return;
        }
        var cursor = new BackfillCursor(backfill);
        do
        {
            PooledFrame frame = await hub.CatchUps.UseAsync(encoder => encoder.EncodeNext(cursor, format, catchUp.Tick), CancellationToken.None);
            hub.Counters.OnBackfillFrame();
            await SendAndReleaseAsync(frame, catchUp.Attachment);
        }
        while (!cursor.IsAtEnd);
    }

    private async ValueTask SendAndReleaseAsync(PooledFrame frame, Attachment attachment)
    {
        try
        {
            await SendFrameAsync(frame, attachment);
        }
        finally
        {
            frame.Release();
        }
    }

    private async ValueTask SendFrameAsync(PooledFrame frame, Attachment attachment)
    {
        long nowMs = hub.NowMs;
        Volatile.Write(ref _busySinceMs, nowMs);
        if (frame.Tick != 0)
        {
            acks.OnSent(frame.Tick, nowMs);
        }
        PooledFrame shape = Shape(frame);
        byte[] opening = ReferenceEquals(shape, frame) ? attachment.Opening : attachment.CompressedOpening;
        if (opening.Length > 0)
        {
            await socket.SendAsync(opening, CancellationToken.None);
        }
        await socket.SendAsync(shape.Message, CancellationToken.None);
        OnSent(shape.Message.Length + opening.Length);
    }

    /// <summary>As this connection takes it.</summary>
    private PooledFrame Shape(PooledFrame frame) => socket.Compresses && frame.Compressed is { } compressed ? compressed : frame;

    private ValueTask SendTextAsync(byte[] text) => SendBytesAsync(Opcode.Text, text);

    private async ValueTask SendBytesAsync(Opcode opcode, byte[] payload)
    {
        Volatile.Write(ref _busySinceMs, hub.NowMs);
        int size = WebSocketHeader.SizeFor(payload.Length) + payload.Length;
        if (_scratch.Length < size)
        {
            _scratch = new byte[size];
        }
        int header = WebSocketHeader.Write(_scratch, opcode, isFinal: true, isCompressed: false, payload.Length);
        payload.CopyTo(_scratch.AsSpan(header));
        await socket.SendAsync(_scratch.AsMemory(0, size), CancellationToken.None);
        OnSent(size);
    }

    private void OnSent(int bytes)
    {
        hub.Counters.OnSent(bytes);
        Volatile.Write(ref _lastSentMs, hub.NowMs);
        Volatile.Write(ref _busySinceMs, 0);
    }

    /// <summary>The dictionary of the set's members from the first not told to <paramref name="memberCount"/>. JSON samples name themselves.</summary>
    private async ValueTask TellAsync(Attachment attachment, int memberCount)
    {
        int from = attachment.ToldCount;
        attachment.ToldCount = memberCount;
        if (format == FrameFormat.Json)
        {
            return;
        }
        var untold = new List<Series>();
        for (int index = from; index < memberCount; index++)
        {
            Series series = attachment.Stream.Set.Members[index];
            if (_told.Add(series.Id))
            {
                untold.Add(series);
            }
            if (untold.Count == DictionarySeriesMax || (index == memberCount - 1 && untold.Count > 0))
            {
                await SendTextAsync(ServerMessages.Dictionary(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(untold)));
                untold.Clear();
            }
        }
    }
}
