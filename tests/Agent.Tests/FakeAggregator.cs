using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Observability.Protocol.V1;

namespace Observability.Agent.Tests;

/// <summary>One sample as the stand-in received it, with its series resolved through the stream's declarations.</summary>
internal sealed record ReceivedSample(string Service, string Instance, string Series, ulong TimestampNs, double Value, bool IsReplay);

/// <summary>
/// An aggregator of the tests' own, on Grpc.AspNetCore: it decodes with Google.Protobuf, keeps a mark per session, and misbehaves
/// where a test asks for it. Restarting it on the same port gives it another session and an empty memory.
/// </summary>
internal sealed class FakeAggregator : IAsyncDisposable
{
    private static long s_sessions;

    private readonly Dictionary<ulong, ulong> _marks = [];
    private readonly Dictionary<ulong, object> _writers = [];
    private readonly ConcurrentDictionary<ConnectionContext, bool> _connections = new();
    private readonly Lock _gate = new();
    private readonly ulong _sessionId = (ulong)Interlocked.Increment(ref s_sessions) * 1_000_003;
    private WebApplication? _app;
    private volatile bool _isDead;

    public Uri Address { get; private set; } = null!;

    public ulong SessionId => _sessionId;

    /// <summary>Every message taken, in order, those without a batch included.</summary>
    public ConcurrentQueue<TelemetryBatch> Messages { get; } = new();

    public ConcurrentQueue<ReceivedSample> Samples { get; } = new();

    public long Received { get; private set; }

    public long Replayed { get; private set; }

    public long Duplicates { get; private set; }

    public int Streams { get; private set; }

    /// <summary>Keeps a message, and all after it, waiting.</summary>
    public Func<TelemetryBatch, Task> Holds { get; set; } = _ => Task.CompletedTask;

    /// <summary>Looks at a message before it is applied; a status ends the stream with it.</summary>
    public Func<TelemetryBatch, Status?> Refuse { get; set; } = _ => null;

    /// <summary>An HTTP/2 error code to reset the stream with, instead of taking a message.</summary>
    public Func<TelemetryBatch, int?> Resets { get; set; } = _ => null;

    /// <summary>Sent with the status of a refusal.</summary>
    public (string Name, string Value)[] Trailers { get; set; } = [];

    /// <summary>Samples of a batch to reject, and why.</summary>
    public Func<TelemetryBatch, ulong> Reject { get; set; } = _ => 0;

    /// <summary>Whether a message is answered.</summary>
    public Func<TelemetryBatch, bool> Acknowledges { get; set; } = _ => true;

    public Func<TelemetryBatch, uint> RetryAfterMs { get; set; } = _ => 0;

    public TimeSpan ClockAhead { get; set; }

    public string? ApiKey { get; set; }

    public static async Task<FakeAggregator> StartAsync(int port = 0)
    {
        var fake = new FakeAggregator();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Critical);
        builder.Services.AddSingleton(fake);
        builder.Services.AddGrpc();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, endpoint =>
        {
            endpoint.Use(next => connection => fake.TrackAsync(next, connection));
            endpoint.Protocols = HttpProtocols.Http2;
        }));
        WebApplication app = fake._app = builder.Build();
        app.MapGrpcService<FakeIngestor>();
        await app.StartAsync(TestContext.Current.CancellationToken);
        fake.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return fake;
    }

    /// <summary>Dies without a word, as by kill -9: the port is closed and so is every connection.</summary>
    public async Task KillAsync()
    {
        _isDead = true;
        CutConnections();
        await _app!.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    /// <summary>Ends all connections; the port stays open and the memory stays.</summary>
    public void CutConnections()
    {
        foreach (ConnectionContext connection in _connections.Keys)
        {
            connection.Abort();
        }
    }

    public ReceivedSample[] SamplesOf(string series) => [.. Samples.Where(sample => sample.Series == series)];

    public async ValueTask DisposeAsync()
    {
        if (!_isDead)
        {
            await KillAsync();
        }
    }

    private async Task TrackAsync(ConnectionDelegate next, ConnectionContext connection)
    {
        _connections.TryAdd(connection, true);
        try
        {
            if (_isDead)
            {
                connection.Abort();
            }
            await next(connection);
        }
        finally
        {
            _connections.TryRemove(connection, out _);
        }
    }

    internal async Task ExchangeAsync(IAsyncStreamReader<TelemetryBatch> batches, IServerStreamWriter<Ack> acks, ServerCallContext call)
    {
        HttpContext http = call.GetHttpContext();
        if (ApiKey is not null && http.Request.Headers["x-api-key"] != ApiKey)
        {
            throw new RpcException(new Status(StatusCode.Unauthenticated, "The key is not known."));
        }
        lock (_gate)
        {
            Streams++;
        }
        var series = new Dictionary<uint, string>();
        while (await batches.MoveNext(CancellationToken.None))
        {
            TelemetryBatch batch = batches.Current;
            if (Resets(batch) is { } errorCode)
            {
                http.Features.GetRequiredFeature<IHttpResetFeature>().Reset(errorCode);
                return;
            }
            await Holds(batch);
            if (Refuse(batch) is { } refused)
            {
                foreach ((string name, string value) in Trailers)
                {
                    call.ResponseTrailers.Add(name, value);
                }
                throw new RpcException(refused);
            }
            Ack ack;
            lock (_gate)
            {
                ThrowUnlessWriter(batch.SessionId, series);
                Messages.Enqueue(batch);
                ack = Apply(batch, series);
            }
            if (Acknowledges(batch))
            {
                await acks.WriteAsync(ack);
            }
        }
    }

    // As the aggregator does it: a session has one writing stream, the newest; what an older one still has in its buffers must not be applied after that.
    private void ThrowUnlessWriter(ulong session, Dictionary<uint, string> stream)
    {
        if (stream.Count == 0)
        {
            _writers[session] = stream;
        }
        if (!ReferenceEquals(_writers[session], stream))
        {
            throw new RpcException(new Status(StatusCode.Aborted, "Another stream of this session has taken over."));
        }
    }

    private Ack Apply(TelemetryBatch batch, Dictionary<uint, string> series)
    {
        List<ReceivedSample> samples = Decode(batch, series);
        ulong mark = _marks.GetValueOrDefault(batch.SessionId);
        ulong rejected = Reject(batch);
        if (batch.Replay)
        {
            Replayed += samples.Count;
        }
        else if (batch.Sequence != 0 && batch.Sequence <= mark)
        {
            Duplicates += samples.Count;
            samples.Clear();
        }
        else
        {
            Received += samples.Count - (long)rejected;
            mark = _marks[batch.SessionId] = Math.Max(mark, batch.Sequence);
        }
        samples.ForEach(Samples.Enqueue);
        return new Ack
        {
            Received = (ulong)samples.Count - rejected,
            Rejected = rejected,
            Message = rejected == 0 ? "" : "too many",
            Sequence = mark,
            ServerTimeNs = (ulong)((DateTime.UtcNow + ClockAhead - DateTime.UnixEpoch).Ticks * 100),
            ServerSessionId = SessionId,
            EchoSentAtNs = batch.SentAtNs,
            RetryAfterMs = RetryAfterMs(batch),
        };
    }

    private static List<ReceivedSample> Decode(TelemetryBatch batch, Dictionary<uint, string> series)
    {
        var samples = new List<ReceivedSample>();
        void Add(uint seriesRef, ulong timestamp, double value) =>
            samples.Add(new ReceivedSample(batch.Service, batch.Instance, series[seriesRef], timestamp, value, batch.Replay));
        foreach (Metric metric in batch.Metrics)
        {
            if (metric.Name.Length != 0)
            {
                string labels = string.Join(",", metric.Labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"));
                series[metric.SeriesRef] = labels.Length == 0 ? metric.Name : $"{metric.Name}{{{labels}}}";
            }
            for (int i = 0; i < (metric.Packed?.TimestampsNs.Count ?? 0); i++)
            {
                Add(metric.SeriesRef, metric.Packed!.TimestampsNs[i], metric.Packed.Gauges.Count > 0 ? metric.Packed.Gauges[i] : metric.Packed.Histograms[i].Count);
            }
            for (int i = 0; i < (metric.Aggregates?.TimestampsNs.Count ?? 0); i++)
            {
                Add(metric.SeriesRef, metric.Aggregates!.TimestampsNs[i], metric.Aggregates.Last[i]);
            }
        }
        foreach (Tick tick in batch.Ticks)
        {
            for (int i = 0; i < tick.Gauges.Count + tick.Counters.Count; i++)
            {
                Add(tick.FirstRef + (uint)i, tick.TimestampNs, tick.Gauges.Count > 0 ? tick.Gauges[i] : tick.Counters[i]);
            }
        }
        return samples;
    }
}

/// <summary>Binds the one method that an agent calls, as Grpc.Tools would generate it.</summary>
[BindServiceMethod(typeof(FakeIngestorBase), nameof(Bind))]
internal abstract class FakeIngestorBase
{
    private static readonly Method<TelemetryBatch, Ack> Method = new(
        MethodType.DuplexStreaming, "telemetry.v1.TelemetryIngestor", nameof(Exchange), Of(TelemetryBatch.Parser), Of(Ack.Parser));

    public static void Bind(ServiceBinderBase binder, FakeIngestorBase? service) =>
        binder.AddMethod(Method, service is null ? null : new DuplexStreamingServerMethod<TelemetryBatch, Ack>(service.Exchange));

    public abstract Task Exchange(IAsyncStreamReader<TelemetryBatch> batches, IServerStreamWriter<Ack> acks, ServerCallContext call);

    private static Marshaller<T> Of<T>(MessageParser<T> parser)
        where T : class, IMessage<T> =>
        Marshallers.Create(static message => message.ToByteArray(), parser.ParseFrom);
}

internal sealed class FakeIngestor(FakeAggregator fake) : FakeIngestorBase
{
    public override Task Exchange(IAsyncStreamReader<TelemetryBatch> batches, IServerStreamWriter<Ack> acks, ServerCallContext call) =>
        fake.ExchangeAsync(batches, acks, call);
}
