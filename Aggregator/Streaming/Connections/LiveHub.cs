using System.Collections.Concurrent;
using System.Net.WebSockets;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Frames;
using Observability.Aggregator.Streaming.Viewers;

namespace Observability.Aggregator.Streaming.Connections;

/// <summary>The connections of the live stream, and what they share.</summary>
internal sealed partial class LiveHub : IDrain, IDisposable
{
    private readonly ConcurrentDictionary<LiveConnection, byte> _connections = new();
    private readonly TelemetryStore _store;
    private readonly TimeProvider _time;
    private readonly FrameLoop _loop;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly ILogger<LiveHub> _logger;
    private int _count;

    public LiveHub(
        TelemetryStore store, FrameLoop loop, StreamingOptions options, StreamingCounters counters, TimeProvider time,
        IHostApplicationLifetime lifetime, ILogger<LiveHub> logger)
    {
        _store = store;
        _loop = loop;
        _time = time;
        _lifetime = lifetime;
        _logger = logger;
        Options = options;
        Counters = counters;
        CatchUps = new CatchUpEncoders(options, () => new CatchUpEncoder(store, options, loop.Pool, time));
    }

    public string Name => "streaming";

    public StreamingOptions Options { get; }

    public StreamingCounters Counters { get; }

    public CatchUpEncoders CatchUps { get; }

    public TimeProvider Time => _time;

    public long NowMs => _loop.NowMs;

    public long UnixNs => _loop.UnixNs;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Counts one more connection; false when Streaming:ClientsMax are open.</summary>
    public bool TryReserve()
    {
        if (Interlocked.Increment(ref _count) <= Options.ClientsMax)
        {
            return true;
        }
        Interlocked.Decrement(ref _count);
        Counters.OnClientRefused();
        return false;
    }

    public void Release() => Interlocked.Decrement(ref _count);

    /// <summary>Serves one connection until it ends.</summary>
    public async Task RunAsync(LiveSocket socket, FrameFormat format, string peer, CancellationToken aborted)
    {
        var connection = new LiveConnection(socket, format, peer, this);
        var receiver = new ConnectionReceiver(socket, connection, _loop, this);
        _connections.TryAdd(connection, 0);
        try
        {
            await _loop.RunAsync(() => _loop.Add(connection.Viewer));
            connection.Enqueue(Outbound.OfText(ServerMessages.Hello(
                _store.SessionId, _time.UnixNs(), format == FrameFormat.Json ? Options.AutomaticSeriesMax : null)));
            if (format == FrameFormat.Json)
            {
                await receiver.SubscribeToAllAsync();
            }
            await receiver.ReceiveAllAsync();
            await connection.Ended;
            await receiver.AwaitCloseAsync();
        }
        finally
        {
            await _loop.RunAsync(() => _loop.Remove(connection.Viewer));
            connection.Finish(isClosed: receiver.WasClosed);
            _connections.TryRemove(connection, out _);
        }
    }

    /// <summary>Each connection as it is now, the longest connected first; at most <paramref name="countMax"/>. Read on the frame loop's thread.</summary>
    public async Task<IReadOnlyList<LiveConnectionInfo>> ListAsync(int countMax)
    {
        LiveConnectionInfo[] clients = [];
        await _loop.RunAsync(() => clients = [.. _connections.Keys.Select(one => one.Describe()).OrderBy(one => one.ConnectedAtNs).Take(countMax)]);
        return clients;
    }

    /// <summary>A last frame, then 1001 to everyone; returns when they are gone or the time is over, and then aborts the rest.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        await _loop.RunAsync(_loop.EmitAll);
        foreach (LiveConnection connection in _connections.Keys)
        {
            connection.End(WebSocketCloseStatus.EndpointUnavailable, "The aggregator is shutting down.");
        }
        try
        {
            while (!_connections.IsEmpty)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), _time, cancellationToken);
            }
        }
        finally
        {
            foreach (LiveConnection connection in _connections.Keys)
            {
                connection.Abort();
            }
        }
    }

    public void OnDrained(Viewer viewer) => _loop.Post(() => _loop.Rejoin(viewer));

    public void OnDisconnected(LiveConnection connection, string reason)
    {
        Counters.OnClientDisconnected();
        Log.Disconnected(_logger, connection.Peer, reason);
    }

    /// <summary>A broken invariant ends the process; it is not survived.</summary>
    public void OnBug(Exception exception)
    {
        Log.Bug(_logger, exception);
        Environment.ExitCode = 1;
        _lifetime.StopApplication();
    }

    public void Dispose() => CatchUps.Dispose();

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Disconnected {Peer}: {Reason}.")]
        public static partial void Disconnected(ILogger logger, string peer, string reason);

        [LoggerMessage(LogLevel.Critical, "BUG: sending to a connection failed. The process stops.")]
        public static partial void Bug(ILogger logger, Exception exception);
    }
}
