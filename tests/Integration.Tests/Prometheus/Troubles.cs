using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Observability.Agent;
using Observability.Protocol.V1;

namespace Integration.Tests.Prometheus;

/// <summary>
/// Everything at once that can go wrong between agents and an aggregator, for as long as it is not disposed: errors, batches that come twice, that
/// are malformed, that break limits, a clock that is wrong, samples that the agent drops, many questions at once, stalls. What fails because the
/// aggregator was killed is tried again.
/// </summary>
internal sealed class Troubles : IAsyncDisposable
{
    public const string Service = "troubled";

    private const int QuestionsAtOnce = 24;
    private const int SeriesEachMax = 400;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Stall = TimeSpan.FromMilliseconds(40);
    private static readonly long ClockOffsetNs = 2_000_000_000;

    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _endAsking = new();
    private readonly TelemetryAgent _agent;
    private readonly HttpClient _client;
    private readonly TelemetryClient _ingest;
    private readonly List<Task> _running = [];

    private Troubles(TroubledAggregator aggregator)
    {
        _client = aggregator.CreateWebClient();
        _ingest = new TelemetryClient(aggregator.Grpc);
        _agent = TelemetryAgent.Create(new TelemetryAgentOptions
        {
            ServiceName = Service, InstanceId = "a-1", AggregatorAddress = aggregator.Grpc.ToString(), SeriesMax = SeriesEachMax,
        });
        _agent.Start();
    }

    /// <param name="aggregator">Whom to trouble.</param>
    /// <param name="askMuch">Also with more questions than it can answer, which takes all of the machine, and with stalls, as a host gives them that has sold too much.</param>
    public static Troubles Start(TroubledAggregator aggregator, bool askMuch)
    {
        var troubles = new Troubles(aggregator);
        troubles._running.Add(troubles.RecordAsync());
        troubles._running.Add(troubles.SendStrangeBatchesAsync());
        if (askMuch)
        {
            troubles._running.AddRange(Enumerable.Range(0, QuestionsAtOnce).Select(_ => troubles.AskAsync()));
            troubles._running.Add(troubles.StallAsync(aggregator));
        }
        return troubles;
    }

    /// <summary>One batch of somebody who then falls silent.</summary>
    public async Task SendOnceAsync(string service, string instance)
    {
        TelemetryBatch batch = Batch((ulong)Stopwatch.GetTimestamp(), 1);
        batch.Service = service;
        batch.Instance = instance;
        await TrySendAsync(batch.ToByteArray());
    }

    /// <summary>Ends the questions and the stalls; what else goes wrong goes on.</summary>
    public void StopAsking() => _endAsking.Cancel();

    public async ValueTask DisposeAsync()
    {
        StopAsking();
        await _end.CancelAsync();
        await Task.WhenAll(_running);
        await _agent.DisposeAsync();
        _client.Dispose();
        _ingest.Dispose();
        _end.Dispose();
        _endAsking.Dispose();
    }

    /// <summary>Requests that fail, a metric of ever more series, and values that are no numbers, which the agent drops.</summary>
    private async Task RecordAsync()
    {
        for (int round = 0; !_end.IsCancellationRequested; round++)
        {
            _agent.RecordRequest(TimeSpan.FromMilliseconds(900 + (round % 7)), isError: round % 3 != 0);
            _agent.SetGauge("no_number", double.NaN);
            _agent.SetGauge("exploding", round, ("id", $"{round % (SeriesEachMax * 2)}"));
            await Task.Delay(10, CancellationToken.None);
        }
    }

    /// <summary>Its own session: each batch twice, with a name that is too long and a clock that is wrong; then one that cannot be read.</summary>
    private async Task SendStrangeBatchesAsync()
    {
        ulong session = (ulong)Stopwatch.GetTimestamp();
        for (ulong sequence = 1; !_end.IsCancellationRequested; sequence++)
        {
            byte[] batch = Batch(session, sequence).ToByteArray();
            await TrySendAsync(batch, batch);
            await TrySendAsync([0xFF, 0xFF, 0xFF]);
            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private static TelemetryBatch Batch(ulong session, ulong sequence)
    {
        ulong nowNs = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000;
        Metric Gauge(string name) => new() { Name = name, Samples = { new MetricSample { TimestampNs = nowNs, Gauge = sequence } } };
        return new TelemetryBatch
        {
            Service = "strange", Instance = "s-1", SessionId = session, Sequence = sequence, SentAtNs = nowNs,
            Metrics = { Gauge("depth"), Gauge(new string('x', 300)) },
            Report = new AgentReport { StartedAtNs = session, Recorded = sequence, ClockOffsetNs = ClockOffsetNs + (long)sequence, Sdk = "test" },
        };
    }

    private async Task TrySendAsync(params byte[][] messages)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        using TelemetryCall call = _ingest.Open("Exchange", limit.Token);
        try
        {
            foreach (byte[] message in messages)
            {
                await call.WriteAsync(message);
            }
            await call.CompleteAsync();
            await call.EndAsync();
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException)
        {
            // Killed meanwhile.
        }
    }

    /// <summary>Some stall falls into a pass of the frame loop, which then takes longer than its period whatever the machine is.</summary>
    private async Task StallAsync(TroubledAggregator aggregator)
    {
        while (!_endAsking.IsCancellationRequested && await aggregator.StallAsync(Stall))
        {
            await Task.Delay(Stall, CancellationToken.None);
        }
    }

    private async Task AskAsync()
    {
        while (!_endAsking.IsCancellationRequested)
        {
            try
            {
                await _client.GetByteArrayAsync("/api/series?selector=%7Bservice%3D~%22.%2B%22%7D", _endAsking.Token);
            }
            catch (HttpRequestException)
            {
                await Task.Delay(Pause, CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
