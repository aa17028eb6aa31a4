using BenchmarkDotNet.Attributes;
using Observability.Agent;
using Observability.Agent.Batching;
using Observability.Agent.Recording;

namespace Observability.Benchmarks;

/// <summary>What one push of an agent costs, from its instruments to batches in the log; every 20 ms by default.</summary>
// CA1001: the runner calls Cleanup, which disposes.
#pragma warning disable CA1001
[MemoryDiagnoser]
[Config(typeof(AgentBenchmarkConfig))]
public class AgentPushBenchmarks
{
    private RecordingContext _context = null!;
    private BatchLog _log = null!;
    private StandardMetrics _standard = null!;
    private IntervalCollector _collector = null!;
    private GaugeHandle[] _gauges = [];
    private CounterHandle[] _counters = [];
    private ulong _sequence;

    /// <summary>Half of them gauges, set once per push; half of them counters.</summary>
    [Params(0, 20, 200)]
    public int Series { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var clock = new AgentClock(TimeProvider.System);
        _context = new RecordingContext(new GaugeBuffer(8192), clock, new RecordingDrops(), new AgentLife());
        var registry = new InstrumentRegistry(_context, 1000);
        _standard = new StandardMetrics(registry, clock, 20);
        _log = new BatchLog(4 << 20, TimeSpan.FromSeconds(10), clock.MonotonicNs);
        _collector = new IntervalCollector(registry, _context, _standard, _log, 100);
        _gauges = [.. Enumerable.Range(0, Series / 2).Select(i => registry.Gauge($"g{i}", "", []))];
        _counters = [.. Enumerable.Range(0, Series / 2).Select(i => registry.Counter($"c{i}", "", []))];
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _collector.Dispose();
        _log.Dispose();
        _context.Clock.Dispose();
    }

    [Benchmark]
    public void Push()
    {
        foreach (GaugeHandle gauge in _gauges)
        {
            gauge.Set(1.5);
        }
        foreach (CounterHandle counter in _counters)
        {
            counter.Add(3);
        }
        _standard.Tracker.Record(12.5, isError: false);
        _standard.Tracker.Record(20, isError: false);
        _collector.Collect();
        _sequence += 10;
        _log.Acknowledge(_sequence, 0, 1);
    }
}
