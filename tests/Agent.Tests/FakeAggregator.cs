using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Grpc;
using Observability.Protocol;
using Observability.Protocol.V1;

namespace Observability.Agent.Tests;

/// <summary>One sample as the stand-in received it, with its series resolved through the stream's declarations.</summary>
internal sealed record ReceivedSample(string Service, string Instance, string Series, ulong TimestampNs, double Value, bool IsReplay);

/// <summary>
/// An aggregator of the tests' own, behind the real gRPC server: it decodes with Google.Protobuf, keeps a mark per session, and misbehaves
/// where a test asks for it. Restarting it on the same port gives it another session and an empty memory.
/// </summary>
internal sealed class FakeAggregator : IAsyncDisposable
{
    private static long s_sessions;

    private readonly Dictionary<ulong, ulong> _marks = [];
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

    /// <summary>Looks at a message before it is applied; a status ends the stream with it.</summary>
    public Func<TelemetryBatch, GrpcStatus?> Refuse { get; set; } = _ => null;

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
        builder.Services.AddSingleton<ServingState>();
        builder.Services.AddGrpcServer();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, endpoint =>
        {
            endpoint.Use(next => connection => fake.TrackAsync(next, connection));
            endpoint.UseGrpc();
        }));
        WebApplication app = fake._app = builder.Build();
        app.MapGrpc("/telemetry.v1.TelemetryIngestor/Exchange", fake.ExchangeAsync);
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

    private async ValueTask<GrpcStatus> ExchangeAsync(GrpcServerCall call)
    {
        if (ApiKey is not null && call.Http.Request.Headers["x-api-key"] != ApiKey)
        {
            return new GrpcStatus(GrpcStatusCode.Unauthenticated, "The key is not known.");
        }
        lock (_gate)
        {
            Streams++;
        }
        var series = new Dictionary<uint, string>();
        while (await call.WaitToReadAsync())
        {
            while (call.TryRead(out var bytes))
            {
                TelemetryBatch batch = TelemetryBatch.Parser.ParseFrom(bytes);
                if (Refuse(batch) is { } refused)
                {
                    await call.FlushAsync();
                    return refused;
                }
                Messages.Enqueue(batch);
                Ack ack = Apply(batch, series);
                if (Acknowledges(batch))
                {
                    call.Write(ack);
                    await call.FlushAsync();
                }
            }
        }
        return GrpcStatus.Ok;
    }

    private Ack Apply(TelemetryBatch batch, Dictionary<uint, string> series)
    {
        lock (_gate)
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
