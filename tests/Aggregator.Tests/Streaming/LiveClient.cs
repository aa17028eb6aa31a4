using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Streaming;

/// <summary>A real WebSocket client that keeps all it receives.</summary>
internal sealed class LiveClient : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sendLock = new(1);
    private Task _receiving = Task.CompletedTask;
    private long _ackedTick;

    public ConcurrentQueue<DecodedFrame> Frames { get; } = new();

    public ConcurrentQueue<JsonElement> Texts { get; } = new();

    /// <summary>Everything in the order of arrival: a frame or a text.</summary>
    public ConcurrentQueue<object> All { get; } = new();

    public bool AcksFrames { get; init; }

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    public Task Closed => _receiving;

    public string? Subprotocol => _socket.SubProtocol;

    public static async Task<LiveClient> ConnectAsync(RunningAggregator aggregator, bool binary = true, bool acks = false, string[]? subprotocols = null, bool compresses = false)
    {
        var client = new LiveClient { AcksFrames = acks };
        client._socket.Options.DangerousDeflateOptions = compresses ? new WebSocketDeflateOptions() : null;
        foreach (string subprotocol in subprotocols ?? (binary ? ["telemetry.v1.binary"] : []))
        {
            client._socket.Options.AddSubProtocol(subprotocol);
        }
        try
        {
            await client._socket.ConnectAsync(new Uri($"ws://127.0.0.1:{aggregator.WebPort}/ws"), TestContext.Current.CancellationToken);
        }
        catch
        {
            client._socket.Dispose();
            throw;
        }
        client._receiving = client.ReceiveAsync();
        return client;
    }

    public async Task SendAsync(object message)
    {
        await SendTextAsync(JsonSerializer.Serialize(message));
    }

    public async Task SendTextAsync(string text)
    {
        await _sendLock.WaitAsync();
        try
        {
            await _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);
        }
        finally
        {
            _sendLock.Release();
        }
    }

    public Task SendBinaryAsync(byte[] bytes) => _socket.SendAsync(bytes, WebSocketMessageType.Binary, true, CancellationToken.None);

    public async Task CloseAsync()
    {
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        await _receiving.WaitAsync(Deadline);
    }

    /// <summary>Subscribes and returns the answer's "subscribed".</summary>
    public async Task<JsonElement> SubscribeAsync(int id, string selector, int rate = 60, int? backfillMs = null, long? fromNs = null)
    {
        var message = new Dictionary<string, object> { ["type"] = "subscribe", ["id"] = id, ["selector"] = selector, ["rate"] = rate };
        if (backfillMs is { } ms)
        {
            message["backfill_ms"] = ms;
        }
        if (fromNs is { } from)
        {
            message["from_ns"] = $"{from}";
        }
        await SendAsync(message);
        return await TextAsync("subscribed", text => text.GetProperty("id").GetInt32() == id);
    }

    public Task<JsonElement> TextAsync(string type, Func<JsonElement, bool>? where = null) => UntilAsync(
        () => Texts.Where(text => TypeOf(text) == type && (where is null || where(text))).Cast<JsonElement?>().FirstOrDefault(),
        $"no '{type}' came");

    public static string TypeOf(JsonElement text) => text.GetProperty("type").GetString()!;

    public Task UntilAsync(Func<bool> condition, string otherwise) => UntilAsync(() => condition() ? true : (bool?)null, otherwise);

    public async Task<T> UntilAsync<T>(Func<T?> find, string otherwise)
        where T : struct
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            if (find() is { } found)
            {
                return found;
            }
            if (deadline.IsCancellationRequested)
            {
                throw new TimeoutException($"{otherwise}. Texts: {string.Join(' ', Texts.TakeLast(20))}; {Frames.Count} frames; state {_socket.State}");
            }
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        try
        {
            await _receiving;
        }
        finally
        {
            _socket.Dispose();
            _sendLock.Dispose();
        }
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[1 << 16];
        using var message = new MemoryStream();
        try
        {
            while (true)
            {
                WebSocketReceiveResult result = await _socket.ReceiveAsync(new ArraySegment<byte>(buffer), CancellationToken.None);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    return;
                }
                message.Write(buffer, 0, result.Count);
                if (result.EndOfMessage)
                {
                    await TakeAsync(result.MessageType, message.ToArray());
                    message.SetLength(0);
                }
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException)
        {
            // Cut by either side: tests look at the state.
        }
    }

    private async Task TakeAsync(WebSocketMessageType type, byte[] bytes)
    {
        if (type == WebSocketMessageType.Text)
        {
            JsonElement text = JsonDocument.Parse(bytes).RootElement;
            Texts.Enqueue(text);
            All.Enqueue(text);
            return;
        }
        DecodedFrame frame = DecodedFrame.Decode(bytes);
        Frames.Enqueue(frame);
        All.Enqueue(frame);
        if (AcksFrames && !frame.IsBackfill && frame.Tick > _ackedTick)
        {
            _ackedTick = (long)frame.Tick;
            await SendAsync(new { type = "ack", tick = _ackedTick });
        }
    }
}
