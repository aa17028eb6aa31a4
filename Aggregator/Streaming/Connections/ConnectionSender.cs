using System.Net.WebSockets;
using System.Runtime.InteropServices;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Frames;
using Observability.Aggregator.Streaming.Viewers;

namespace Observability.Aggregator.Streaming.Connections;

/// <summary>
/// Writes to one socket: texts, shared frames, and catch-ups, which it encodes when their turn comes. One sender at a time: the frame loop for a
/// frame that the socket takes at once, else a thread of the pool.
/// </summary>
internal sealed class ConnectionSender(LiveSocket socket, FrameFormat format, AckWindow acks, LiveHub hub)
{
    /// <summary>Series in one message of the dictionary.</summary>
    private const int DictionarySeriesMax = 1000;

    private readonly SeriesBitmap _sent = new();
    private PooledFrame? _unfinished;
    private long _busySinceMs;
    private long _lastSentMs = hub.NowMs;
    private bool _isCatchingUp;

    /// <summary>When the send in progress began; 0: none is.</summary>
    public long BusySinceMs => Volatile.Read(ref _busySinceMs);

    public long LastSentMs => Volatile.Read(ref _lastSentMs);

    public bool IsCatchingUp => Volatile.Read(ref _isCatchingUp);

    /// <summary>True: the frame loop may send the frame itself. Not where something has to be sent before it, and not where sending compresses.</summary>
    public bool CanSendNow(in Outbound item) =>
        format == FrameFormat.Binary && !socket.Compresses && item.MemberCount <= item.Attachment!.DictionaryCount;

    /// <summary>[data plane] False: the socket takes no more at present; <see cref="FinishAsync"/> waits for it, and releases the frame.</summary>
    public bool TrySendNow(PooledFrame frame)
    {
        long nowMs = hub.NowMs;
        acks.OnSent(frame.Tick, nowMs);
        if (socket.TrySend(frame.Memory))
        {
            hub.Counters.OnSentDirectly(frame.Length);
            Volatile.Write(ref _lastSentMs, nowMs);
            return true;
        }
        Volatile.Write(ref _busySinceMs, nowMs);
        _unfinished = frame;
        return false;
    }

    public async ValueTask FinishAsync()
    {
        if (_unfinished is not { } frame)
        {
            return;
        }
        try
        {
            await socket.CompletePendingAsync();
            OnSent(frame.Length);
        }
        finally
        {
            _unfinished = null;
            frame.Release();
        }
    }

    public async ValueTask SendAsync(Outbound item)
    {
        if (item.Frame is { } frame)
        {
            try
            {
                if (item.MemberCount > item.Attachment!.DictionaryCount)
                {
                    await SendDictionaryAsync(item.Attachment, item.MemberCount);
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
        else if (item.Text is { Length: > 0 } text)
        {
            await SendTextAsync(text);
        }
    }

    private async ValueTask SendCatchUpAsync(CatchUp catchUp)
    {
        Attachment attachment = catchUp.Attachment;
        await SendDictionaryAsync(attachment, catchUp.MemberCount);
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
        do
        {
            PooledFrame frame = await hub.CatchUps.UseAsync(encoder => encoder.EncodeNext(backfill, format, catchUp.Tick), CancellationToken.None);
            hub.Counters.OnBackfillFrame();
            await SendAndReleaseAsync(frame, catchUp.Attachment);
        }
        while (!backfill.IsAtEnd);
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
        if (format == FrameFormat.Binary)
        {
            await socket.SendAsync(frame.Memory, WebSocketMessageType.Binary);
        }
        else
        {
            // The shared bytes are the last fragment of a message that begins with the subscription's own.
            await socket.SendAsync(attachment.JsonOpening, WebSocketMessageType.Text, isEnd: false);
            await socket.SendAsync(frame.Memory, WebSocketMessageType.Text);
        }
        OnSent(frame.Length + attachment.JsonOpening.Length);
    }

    private async ValueTask SendTextAsync(byte[] text)
    {
        Volatile.Write(ref _busySinceMs, hub.NowMs);
        await socket.SendAsync(text, WebSocketMessageType.Text);
        OnSent(text.Length);
    }

    private void OnSent(int bytes)
    {
        hub.Counters.OnSent(bytes);
        Volatile.Write(ref _lastSentMs, hub.NowMs);
        Volatile.Write(ref _busySinceMs, 0);
    }

    /// <summary>The dictionary of the set's members, from the first not sent to <paramref name="memberCount"/>. JSON samples name themselves.</summary>
    private async ValueTask SendDictionaryAsync(Attachment attachment, int memberCount)
    {
        int from = attachment.DictionaryCount;
        attachment.DictionaryCount = memberCount;
        if (format == FrameFormat.Json)
        {
            return;
        }
        var unsent = new List<Series>();
        for (int index = from; index < memberCount; index++)
        {
            Series series = attachment.Stream.Set.Members[index];
            if (_sent.Add(series.Id))
            {
                unsent.Add(series);
            }
            if (unsent.Count == DictionarySeriesMax || (index == memberCount - 1 && unsent.Count > 0))
            {
                await SendTextAsync(ServerMessages.Dictionary(CollectionsMarshal.AsSpan(unsent)));
                unsent.Clear();
            }
        }
    }
}

/// <summary>A set of series ids: those whose dictionary entry a connection was sent. One thread.</summary>
internal sealed class SeriesBitmap
{
    private ulong[] _words = [];

    /// <summary>False when it was there already.</summary>
    public bool Add(uint id)
    {
        int word = (int)(id >> 6);
        if (word >= _words.Length)
        {
            Array.Resize(ref _words, int.Max(word + 1, _words.Length * 2));
        }
        ulong bit = 1UL << (int)(id & 63);
        bool added = (_words[word] & bit) == 0;
        _words[word] |= bit;
        return added;
    }
}
