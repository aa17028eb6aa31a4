using System.Net.WebSockets;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming;

/// <summary>Writes to one socket: texts, shared frames, and catch-ups, which it encodes when their turn comes. One sender at a time.</summary>
internal sealed class ConnectionSender(WebSocket socket, FrameFormat format, AckWindow acks, LiveHub hub)
{
    /// <summary>Series in one message of the dictionary.</summary>
    private const int DictionarySeriesMax = 1000;

    private readonly SeriesBitmap _told = new();
    private long _busySinceMs;
    private long _lastSentMs = hub.NowMs;
    private bool _isCatchingUp;

    /// <summary>When the send in progress began; 0: none is.</summary>
    public long BusySinceMs => Volatile.Read(ref _busySinceMs);

    public long LastSentMs => Volatile.Read(ref _lastSentMs);

    public bool IsCatchingUp => Volatile.Read(ref _isCatchingUp);

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
                await SendFrameAsync(frame, item.Attachment.Opening);
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

    public async ValueTask CloseAsync(WebSocketCloseStatus status, string? reason)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            Volatile.Write(ref _busySinceMs, hub.NowMs);
            await socket.CloseOutputAsync(status, reason, CancellationToken.None);
            Volatile.Write(ref _busySinceMs, 0);
        }
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
            await SendAndReleaseAsync(missed, attachment.Opening);
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
            await SendAndReleaseAsync(frame, catchUp.Attachment.Opening);
        }
        while (!cursor.IsAtEnd);
    }

    private async ValueTask SendAndReleaseAsync(PooledFrame frame, byte[] opening)
    {
        try
        {
            await SendFrameAsync(frame, opening);
        }
        finally
        {
            frame.Release();
        }
    }

    private async ValueTask SendFrameAsync(PooledFrame frame, byte[] opening)
    {
        long nowMs = hub.NowMs;
        Volatile.Write(ref _busySinceMs, nowMs);
        if (frame.Tick != 0)
        {
            acks.OnSent(frame.Tick, nowMs);
        }
        if (opening.Length > 0)
        {
            await socket.SendAsync(opening.AsMemory(), WebSocketMessageType.Text, endOfMessage: false, CancellationToken.None);
        }
        WebSocketMessageType type = format == FrameFormat.Json ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
        await socket.SendAsync(frame.Memory, type, endOfMessage: true, CancellationToken.None);
        OnSent(frame.Length + opening.Length);
    }

    private async ValueTask SendTextAsync(byte[] text)
    {
        Volatile.Write(ref _busySinceMs, hub.NowMs);
        await socket.SendAsync(text.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        OnSent(text.Length);
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
