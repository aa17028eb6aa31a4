using System.Globalization;
using Observability.Protocol.V1;

namespace Integration.Tests.Page;

/// <summary>
/// Any number of services, each with a gRPC stream of its own, as the protocol wants it, over few connections: each sends the gauges of a service once in an interval, all of them known. Service number n has
/// 10 + n requests a second and a p99 of 1 + n ms; one service can be made to say something else.
/// </summary>
internal sealed class SyntheticServices : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private const int CallsPerConnection = 90;

    private readonly Uri _grpc;
    private readonly List<TelemetryClient> _clients = [];
    private readonly Dictionary<string, TelemetryCall> _calls = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sending;
    private volatile string[] _names = [];

    private SyntheticServices(Uri grpc)
    {
        _grpc = grpc;
        _sending = SendAsync();
    }

    /// <summary>Requests a second of the first service, instead of 10.</summary>
    public double? FirstRps { get; set; }

    public static SyntheticServices Start(Uri grpc) => new(grpc);

    /// <summary>The names of so many services, each of at least so many characters.</summary>
    public static string[] Names(int count, int length = 0) =>
        [.. Enumerable.Range(0, count).Select(index => $"service-{index.ToString("0000", CultureInfo.InvariantCulture)}-".PadRight(length, 'x').TrimEnd('-'))];

    /// <summary>From now on these send.</summary>
    public void Become(string[] names) => _names = names;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        foreach (TelemetryCall call in _calls.Values)
        {
            call.Dispose();
        }
        _clients.ForEach(client => client.Dispose());
        _stop.Dispose();
    }

    private async Task SendAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        while (!_stop.IsCancellationRequested)
        {
            string[] names = _names;
            for (int index = 0; index < names.Length; index++)
            {
                await CallOf(names[index]).WriteAsync(BatchOf(names[index], index));
            }
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private TelemetryCall CallOf(string service)
    {
        if (_calls.TryGetValue(service, out TelemetryCall? call))
        {
            return call;
        }
        if (_calls.Count == _clients.Count * CallsPerConnection)
        {
            _clients.Add(new TelemetryClient(_grpc));
        }
        call = _clients[^1].Open("StreamTelemetry");
        _calls.Add(service, call);
        return call;
    }

    private TelemetryBatch BatchOf(string service, int index)
    {
        ulong ns = (ulong)(DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) * 100;
        var batch = new TelemetryBatch { Service = service, Instance = "a-1", PushIntervalMs = (uint)Interval.TotalMilliseconds };
        double rps = index == 0 && FirstRps is { } first ? first : 10 + index;
        foreach ((string name, double value, string unit) in (ReadOnlySpan<(string, double, string)>)
            [("rps", rps, "1/s"), ("latency_p99", 1 + index, "ms"), ("error_rate", 0, "1"), ("inflight", 1, "1")])
        {
            batch.Metrics.Add(new Metric { Name = name, Unit = unit, Samples = { new MetricSample { TimestampNs = ns, Gauge = value } } });
        }
        return batch;
    }
}
