using Microsoft.Extensions.Time.Testing;
using Observability.Agent.Batching;
using Observability.Agent.Recording;
using Observability.Protocol.V1;

namespace Observability.Agent.Tests;

/// <summary>Recording and batching of an agent without its connection, under a clock that the test moves.</summary>
internal sealed class Recorder : IDisposable
{
    private readonly IntervalCollector _collector;
    private ulong _cursor;

    public Recorder(int bufferSize = 64, int batchSize = 100, int seriesMax = 200, int bytesMax = 1 << 20, int pushIntervalMs = 20)
    {
        Clock = new AgentClock(Time);
        Context = new RecordingContext(new GaugeBuffer(bufferSize), Clock, new RecordingDrops(), new AgentLife());
        Registry = new InstrumentRegistry(Context, seriesMax);
        Standard = new StandardMetrics(Registry, Clock, pushIntervalMs);
        Log = new BatchLog(bytesMax, TimeSpan.FromSeconds(10), Clock.MonotonicNs);
        Book = new LedgerBook(Log, Context);
        _collector = new IntervalCollector(Registry, Context, Standard, Log, batchSize);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public AgentClock Clock { get; }

    public RecordingContext Context { get; }

    public InstrumentRegistry Registry { get; }

    public StandardMetrics Standard { get; }

    public BatchLog Log { get; }

    public LedgerBook Book { get; }

    public long NowNs => Clock.PreciseNs();

    /// <summary>Moves time by one push interval and pushes.</summary>
    public void Push(int milliseconds = 20)
    {
        Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        _collector.Collect();
    }

    /// <summary>The batches pushed since the last call, as the reference codec reads them.</summary>
    public List<TelemetryBatch> Taken()
    {
        using var writer = new ProtoWriter();
        var batches = new List<TelemetryBatch>();
        while (Log.TryCopyPending(ref _cursor, writer, out BatchToSend batch))
        {
            TelemetryBatch decoded = TelemetryBatch.Parser.ParseFrom(writer.Written);
            decoded.Sequence = batch.Sequence;
            batches.Add(decoded);
            writer.Clear();
        }
        return batches;
    }

    public TelemetryBatch PushOne()
    {
        Taken();
        Push();
        return Assert.Single(Taken());
    }

    public LedgerTotals Ledger(out long[] dropped)
    {
        dropped = new long[DropReasons.Count];
        return Book.Read(dropped);
    }

    public void Dispose()
    {
        _collector.Dispose();
        Log.Dispose();
        Clock.Dispose();
    }
}
