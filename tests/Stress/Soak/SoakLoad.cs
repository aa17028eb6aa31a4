using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Observability.Agent;
using Observability.Stress.Processes;

namespace Observability.Stress.Soak;

/// <summary>The load of a soak: one agent and one viewer that stay and measure, others that come and go.</summary>
internal sealed class SoakLoad : IAsyncDisposable
{
    private const int Gauges = 20;
    private const string Measured = "soak_value";

    private readonly ServerProcess _aggregator;
    private readonly TelemetryAgent _agent;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<double> _latenciesMs = [];
    private readonly Task _viewing;
    private int _visits;

    public SoakLoad(ServerProcess aggregator)
    {
        _aggregator = aggregator;
        _agent = Create("stays");
        _viewing = ViewAsync(Measured, _stop.Token);
    }

    /// <summary>Records for so long, while visitors come and go.</summary>
    public async Task RunAsync(TimeSpan time)
    {
        DateTime end = DateTime.UtcNow + time;
        while (DateTime.UtcNow < end)
        {
            // The same few instances again and again, as restarted services are.
            await using TelemetryAgent visitor = Create($"visits-{_visits++ % 3}");
            using var leave = new CancellationTokenSource();
            Task viewing = ViewAsync("requests_total", leave.Token);
            for (int i = 0; i < 200 && DateTime.UtcNow < end; i++)
            {
                Record(_agent);
                Record(visitor);
                await Task.Delay(10);
            }
            await leave.CancelAsync();
            await viewing;
        }
    }

    public double TakeLatencyMs(double share)
    {
        lock (_latenciesMs)
        {
            double[] sorted = [.. _latenciesMs.Order()];
            return sorted.Length == 0 ? double.NaN : sorted[(int)(share * (sorted.Length - 1))];
        }
    }

    public void ClearLatencies()
    {
        lock (_latenciesMs)
        {
            _latenciesMs.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _viewing;
        await _agent.DisposeAsync();
        _stop.Dispose();
    }

    private TelemetryAgent Create(string instance)
    {
        TelemetryAgent agent = TelemetryAgent.Create(new TelemetryAgentOptions
        {
            ServiceName = "soak", InstanceId = instance, AggregatorAddress = _aggregator.Grpc.ToString(),
        });
        agent.Start();
        return agent;
    }

    private static void Record(TelemetryAgent agent)
    {
        agent.SetGauge(Measured, Environment.TickCount64 % 1000);
        for (int i = 0; i < Gauges; i++)
        {
            agent.SetGauge("filler", i, ("number", Numbers[i]));
        }
        agent.RecordRequest(TimeSpan.FromMilliseconds(3));
    }

    private static readonly string[] Numbers = [.. Enumerable.Range(0, Gauges).Select(i => $"{i}")];

    /// <summary>Views over the JSON fallback: its samples carry the time at which they were recorded.</summary>
    private async Task ViewAsync(string name, CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        try
        {
            await socket.ConnectAsync(new UriBuilder(_aggregator.Web) { Scheme = "ws", Path = "/ws" }.Uri, cancellationToken);
            string subscribe = $"{{\"type\":\"subscribe\",\"id\":1,\"selector\":\"{name}{{instance=\\\"stays\\\"}}\",\"rate\":60}}";
            await socket.SendAsync(Encoding.UTF8.GetBytes(subscribe), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
            byte[] buffer = new byte[1024 * 1024];
            while (true)
            {
                int count = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await socket.ReceiveAsync(buffer.AsMemory(count), cancellationToken);
                    count += result.Count;
                }
                while (!result.EndOfMessage);
                Note(buffer.AsMemory(0, count), name);
            }
        }
        catch (Exception left) when (cancellationToken.IsCancellationRequested && left is OperationCanceledException or WebSocketException)
        {
            // The viewer leaves without a word, as browsers do.
        }
    }

    private void Note(ReadOnlyMemory<byte> message, string name)
    {
        long nowNs = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
        using JsonDocument document = JsonDocument.Parse(message);
        if (name != Measured || document.RootElement.GetProperty("type").GetString() != "samples" || !document.RootElement.TryGetProperty("id", out _))
        {
            return;
        }
        lock (_latenciesMs)
        {
            foreach (JsonElement sample in document.RootElement.GetProperty("samples").EnumerateArray())
            {
                _latenciesMs.Add((nowNs - long.Parse(sample.GetProperty("timestamp_ns").GetString()!, System.Globalization.CultureInfo.InvariantCulture)) / 1e6);
            }
        }
    }
}
