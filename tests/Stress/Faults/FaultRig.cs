using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Observability.Agent;
using Observability.Stress.Processes;

namespace Observability.Stress.Faults;

/// <summary>
/// A real aggregator, an agent, and a thread that records the numbers 1, 2, 3 … as values of one gauge. The count of them is kept here, outside the SDK; what
/// became of each is asked from the aggregator's own history.
/// </summary>
internal sealed class FaultRig : IAsyncDisposable
{
    public const string Counted = "outside";
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(40);

    private readonly CancellationTokenSource _stop = new();
    private readonly int _fillers;
    private Task? _recording;
    private long _recorded;

    private FaultRig(ServerProcess aggregator, TcpProxy proxy, TelemetryAgent agent, int fillers)
    {
        Aggregator = aggregator;
        Proxy = proxy;
        Agent = agent;
        _fillers = fillers;
    }

    public ServerProcess Aggregator { get; set; }

    public TcpProxy Proxy { get; }

    public TelemetryAgent Agent { get; }

    /// <summary>Values recorded so far: 1 to this.</summary>
    public long Recorded => Volatile.Read(ref _recorded);

    /// <param name="change">Changes the agent's options.</param>
    /// <param name="fillers">Further gauge values recorded with each counted one.</param>
    /// <param name="aggregatorSettings">Environment of the aggregator.</param>
    public static async Task<FaultRig> StartAsync(Action<TelemetryAgentOptions>? change = null, int fillers = 0, params (string Name, string Value)[] aggregatorSettings)
    {
        ServerProcess aggregator = await ServerProcess.StartAggregatorAsync(0, aggregatorSettings);
        TcpProxy proxy = new(aggregator.Grpc);
        TelemetryAgentOptions options = new()
        {
            ServiceName = "faults", InstanceId = $"t-{Guid.NewGuid():N}", AggregatorAddress = proxy.Address.ToString(), FlushTimeoutMs = 10_000,
        };
        change?.Invoke(options);
        FaultRig rig = new(aggregator, proxy, TelemetryAgent.Create(options), fillers);
        rig.Agent.Start();
        rig._recording = Task.Factory.StartNew(rig.Record, TaskCreationOptions.LongRunning);
        return rig;
    }

    /// <summary>How long until a value recorded from now on is acknowledged.</summary>
    public async Task<TimeSpan> UntilLiveAsync()
    {
        Stopwatch clock = Stopwatch.StartNew();
        long recorded = Agent.Ledger.Recorded;
        await UntilAsync(() => Agent.Ledger.Acknowledged + Agent.Ledger.Dropped > recorded, "a value recorded after the fault is acknowledged");
        return clock.Elapsed;
    }

    /// <summary>Kills the aggregator and starts another on its port. How long the new one took from its start to a live value.</summary>
    public async Task<TimeSpan> RestartAsync(Func<Task>? meanwhile = null)
    {
        int port = Aggregator.Grpc.Port;
        await Aggregator.KillAsync();
        CheckBalance();
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        await Aggregator.DisposeAsync();
        Stopwatch clock = Stopwatch.StartNew();
        Aggregator = await ServerProcess.StartAggregatorAsync(port);
        await UntilLiveAsync();
        return clock.Elapsed;
    }

    /// <summary>Stops recording, waits until nothing is pending, and checks what holds after every fault.</summary>
    public async Task<FaultReport> FinishAsync()
    {
        await _stop.CancelAsync();
        await _recording!;
        // The last interval is collected by the push thread.
        long collected = Agent.Ledger.Recorded;
        await UntilAsync(() => Agent.Ledger.Recorded > collected, "the next push");
        await Agent.StopAsync();
        CheckBalance();
        AgentLedger ledger = Agent.Ledger;
        Check(ledger.Pending == 0, $"{ledger.Pending} samples are pending after the stop");
        double received = await Aggregator.ReadAsync("telemetry_samples_total", $"instance=\"{Agent.InstanceId}\"");
        double replayed = await Aggregator.ReadAsync("telemetry_samples_replayed_total");
        long[] values = await ValuesAsync();
        Check(values.Distinct().Count() == values.Length, "a sample was stored twice");
        Check(values.All(value => value >= 1 && value <= Recorded), "a sample was invented");
        Check(values.Zip(values.Skip(1)).All(pair => pair.First < pair.Second), "samples were stored out of order");
        return new FaultReport(Recorded, values, ledger, (long)received, (long)replayed);
    }

    /// <summary>The counted values that the aggregator has.</summary>
    public Task<long[]> ValuesAsync() => ValuesAsync(Aggregator, Agent.InstanceId);

    public static async Task<long[]> ValuesAsync(ServerProcess aggregator, string instance)
    {
        string selector = Uri.EscapeDataString($"{Counted}{{instance=\"{instance}\"}}");
        string json = await aggregator.Http.GetStringAsync(new Uri(aggregator.Web, $"/api/samples?selector={selector}&from=now-2h&to={Uri.EscapeDataString("2100-01-01T00:00:00Z")}"));
        JsonElement series = JsonDocument.Parse(json).RootElement.GetProperty("series");
        return series.GetArrayLength() == 0 ? [] : [.. series[0].GetProperty("values").EnumerateArray().Select(value => (long)value.GetDouble())];
    }

    public void CheckBalance()
    {
        AgentLedger ledger = Agent.Ledger;
        Check(
            ledger.Recorded == ledger.Acknowledged + ledger.Dropped + ledger.Pending,
            string.Create(CultureInfo.InvariantCulture, $"recorded {ledger.Recorded} is not acknowledged {ledger.Acknowledged} + dropped {ledger.Dropped} + pending {ledger.Pending}"));
    }

    public static void Check(bool holds, string fault)
    {
        if (!holds)
        {
            throw new FaultException(fault);
        }
    }

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (!condition())
        {
            Check(clock.Elapsed < WaitMax, $"waited {WaitMax.TotalSeconds} s in vain until {what}");
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _recording!;
        await Agent.DisposeAsync();
        await Proxy.DisposeAsync();
        await Aggregator.DisposeAsync();
        _stop.Dispose();
    }

    private void Record()
    {
        GaugeHandle counted = Agent.Gauge(Counted);
        GaugeHandle filler = Agent.Gauge("filler");
        while (!_stop.IsCancellationRequested)
        {
            long value = _recorded + 1;
            counted.Set(value);
            for (int i = 0; i < _fillers; i++)
            {
                filler.Set(value + (i * 0.1));
            }
            Volatile.Write(ref _recorded, value);
            Thread.Sleep(Step);
        }
    }
}

/// <summary>What does not hold after a fault.</summary>
internal sealed class FaultException(string message) : Exception(message);

/// <summary>What came of a trial.</summary>
internal sealed record FaultReport(long Recorded, long[] Stored, AgentLedger Ledger, long Received, long Replayed)
{
    public long Missing => Recorded - Stored.Length;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"outside {Recorded}, stored {Stored.Length}, missing {Missing}; ledger: recorded {Ledger.Recorded} = acknowledged {Ledger.Acknowledged} + dropped {Ledger.Dropped} + pending {Ledger.Pending}, resent {Ledger.Resent}, replayed {Ledger.Replayed}; aggregator: received {Received}, replayed {Replayed}");
}
