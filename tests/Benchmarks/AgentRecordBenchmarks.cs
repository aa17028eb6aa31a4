using BenchmarkDotNet.Attributes;
using Observability.Agent;
using Observability.Agent.Batching;
using Observability.Agent.Recording;

namespace Observability.Benchmarks;

/// <summary>What one record costs the program that records: dotnet run -c Release --project tests/Benchmarks -- --filter *AgentRecord*</summary>
// CA1001: the runner calls Cleanup, which disposes.
#pragma warning disable CA1001
[MemoryDiagnoser]
[Config(typeof(AgentBenchmarkConfig))]
public class AgentRecordBenchmarks
{
    internal const int Records = 4096;

    private readonly string[] _routes = ["/api/checkout", "/api/orders"];
    private AgentClock _clock = null!;
    private RecordingContext _context = null!;
    private InstrumentRegistry _registry = null!;
    private RequestTracker _tracker = null!;
    private CounterHandle _counter = null!;
    private GaugeHandle _gauge = null!;
    private CounterHandle _sharedCounter = null!;
    private GaugeHandle _sharedGauge = null!;
    private HistogramHandle _histogram = null!;
    private HistogramHandle _sharedHistogram = null!;
    private GaugeSample[] _taken = new GaugeSample[Records * 2];

    [GlobalSetup]
    public void Setup()
    {
        _clock = new AgentClock(TimeProvider.System);
        _clock.SetFine(true);
        _context = new RecordingContext(new GaugeBuffer(Records * 2), _clock, new RecordingDrops(), new AgentLife());
        _registry = new InstrumentRegistry(_context, 1000);
        _tracker = new StandardMetrics(_registry, _clock, 20).Tracker;
        _counter = _registry.Counter("jobs_total", "", []);
        _gauge = _registry.Gauge("queue_depth", "", []);
        _sharedCounter = _registry.Counter("shared_total", "", []);
        _sharedGauge = _registry.Gauge("shared_depth", "", []);
        _histogram = _registry.Histogram("size_bytes", "", []);
        _sharedHistogram = _registry.Histogram("shared_bytes", "", []);
        Share();
    }

    [GlobalCleanup]
    public void Cleanup() => _clock.Dispose();

    [Benchmark(OperationsPerInvoke = Records)]
    public void Counter()
    {
        for (int i = 0; i < Records; i++)
        {
            _counter.Add(1);
        }
    }

    /// <summary>Another thread was first to add often.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public void SharedCounter()
    {
        for (int i = 0; i < Records; i++)
        {
            _sharedCounter.Add(1);
        }
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public void Histogram()
    {
        for (int i = 0; i < Records; i++)
        {
            _histogram.Record(10 + (i & 63));
        }
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public void SharedHistogram()
    {
        for (int i = 0; i < Records; i++)
        {
            _sharedHistogram.Record(10 + (i & 63));
        }
    }

    /// <summary>On the coarse clock, and with the push thread's reading of the sample included: the buffer would be full otherwise.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public void GaugeWrittenAndRead()
    {
        for (int i = 0; i < Records; i++)
        {
            _gauge.Set(i);
        }
        ReadAll();
    }

    /// <summary>Two threads have set it in turn.</summary>
    [Benchmark(OperationsPerInvoke = Records)]
    public void SharedGaugeWrittenAndRead()
    {
        for (int i = 0; i < Records; i++)
        {
            _sharedGauge.Set(i);
        }
        ReadAll();
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public void CounterByName()
    {
        for (int i = 0; i < Records; i++)
        {
            _registry.Counter("requests_by_name", "", []).Add(1);
        }
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public void CounterByNameWithTwoLabels()
    {
        for (int i = 0; i < Records; i++)
        {
            _registry.Counter("requests", "", [("route", _routes[i & 1]), ("status", "200")]).Add(1);
        }
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public void TrackRequest()
    {
        for (int i = 0; i < Records; i++)
        {
            using var request = new RequestScope(_tracker);
        }
    }

    /// <summary>By two threads in turn, until neither has a place of its own in them.</summary>
    private void Share()
    {
        for (int turn = 0; turn <= 2 * GaugeHandle.LaneChangesMax; turn++)
        {
            var other = new Thread(Record);
            other.Start();
            other.Join();
            Record();
        }

        void Record()
        {
            for (int i = 0; i <= InstrumentHandle.RecordsBeforeOwner; i++)
            {
                _sharedCounter.Add(1);
                _sharedGauge.Set(i);
                _sharedHistogram.Record(i);
                ReadAll();
            }
        }
    }

    private void ReadAll()
    {
        _context.Gauges.Take(ref _taken);
    }
}
