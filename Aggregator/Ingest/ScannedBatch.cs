using System.Runtime.InteropServices;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] What the structural pass found in one batch: <see cref="BatchDecoder"/> fills it, <see cref="BatchWriter"/> reads it. Values that can be used
/// where they lie stay in the message; all others are copied into words. Every offset counts from the start of the message, which the caller
/// passes to both. Grows to the largest batch seen, which <paramref name="samplesMax"/> bounds, and is reused. One per shard, one thread at a time.
/// </summary>
internal sealed class ScannedBatch(int samplesMax)
{
    private MetricRun[] _runs = new MetricRun[128];
    private TickRun[] _ticks = new TickRun[16];
    private ulong[] _words = new ulong[512];
    private int _runCount;
    private int _tickCount;
    private int _metricRunsAt;

    /// <summary>Written by the decoder alone.</summary>
    public BatchHeader Header;

    public int WordCount { get; private set; }

    /// <summary>Samples of the batch, including those past the limit.</summary>
    public long SampleCount { get; private set; }

    /// <summary>Samples past SamplesPerBatchMax: well-formed, but not kept here.</summary>
    public long OverLimitCount { get; private set; }

    /// <summary>Metrics that declare a ref.</summary>
    public int DeclarationCount { get; private set; }

    public Span<MetricRun> Runs => _runs.AsSpan(0, _runCount);

    public ReadOnlySpan<TickRun> Ticks => _ticks.AsSpan(0, _tickCount);

    /// <summary>The runs added since <see cref="BeginMetric"/>.</summary>
    public Span<MetricRun> RunsOfMetric => _runs.AsSpan(_metricRunsAt, _runCount - _metricRunsAt);

    public long RoomForSamples => Math.Max(0, samplesMax - (SampleCount - OverLimitCount));

    public void Clear()
    {
        Header = default;
        Restore(default);
        _tickCount = 0;
    }

    /// <summary>What a metric adds, to be undone by <see cref="Restore"/>.</summary>
    public readonly record struct Mark(int Runs, int Words, long Samples, long OverLimit, int Declarations);

    public Mark Save() => new(_runCount, WordCount, SampleCount, OverLimitCount, DeclarationCount);

    public void Restore(in Mark mark) =>
        (_runCount, WordCount, SampleCount, OverLimitCount, DeclarationCount) = (mark.Runs, mark.Words, mark.Samples, mark.OverLimit, mark.Declarations);

    public void BeginMetric() => _metricRunsAt = _runCount;

    public ref MetricRun AddRun()
    {
        if (_runCount == _runs.Length)
        {
            Array.Resize(ref _runs, _runs.Length * 2);
        }
        ref MetricRun run = ref _runs[_runCount++];
        run = default;
        return ref run;
    }

    /// <summary>The run that the metric's next sample belongs to: its last one, or a new one if that has another form.</summary>
    public ref MetricRun RunOf(RunForm form)
    {
        if (_runCount > _metricRunsAt && _runs[_runCount - 1].Form == form)
        {
            return ref _runs[_runCount - 1];
        }
        ref MetricRun run = ref AddRun();
        run.Form = form;
        run.Values = new Column(WordCount, 0, IsCopied: true);
        return ref run;
    }

    /// <summary>The metric declares its ref. A metric without samples becomes a run of its own.</summary>
    public void AddDeclaration()
    {
        DeclarationCount++;
        if (_runCount == _metricRunsAt)
        {
            AddRun().Form = RunForm.Declaration;
        }
    }

    public ref TickRun AddTick()
    {
        if (_tickCount == _ticks.Length)
        {
            Array.Resize(ref _ticks, _ticks.Length * 2);
        }
        ref TickRun tick = ref _ticks[_tickCount++];
        tick = default;
        return ref tick;
    }

    /// <summary>Counts samples and returns how many of them the limit leaves room for.</summary>
    public int Admit(int count)
    {
        int admitted = (int)Math.Min(count, RoomForSamples);
        SampleCount += count;
        OverLimitCount += count - admitted;
        return admitted;
    }

    public void AddPair(ulong first, ulong second)
    {
        if (WordCount + 2 > _words.Length)
        {
            Array.Resize(ref _words, _words.Length * 2);
        }
        _words[WordCount] = first;
        _words[WordCount + 1] = second;
        WordCount += 2;
    }

    /// <summary>Room for a column, for the caller to fill.</summary>
    public Span<ulong> AddWords(int count, out int at)
    {
        if (WordCount + count > _words.Length)
        {
            Array.Resize(ref _words, Math.Max(_words.Length * 2, WordCount + count));
        }
        at = WordCount;
        WordCount += count;
        return _words.AsSpan(at, count);
    }

    /// <summary>Takes back the words that <see cref="AddWords"/> gave and that were not filled.</summary>
    public void TrimWords(int wordCount) => WordCount = wordCount;

    public ReadOnlySpan<ulong> Words(int at, int count) => _words.AsSpan(at, count);

    /// <summary>Timestamp and value of each sample of a run whose form is one of pairs.</summary>
    public ReadOnlySpan<ulong> Pairs(in MetricRun run) => _words.AsSpan(run.Values.At, run.Count * 2);

    public ReadOnlySpan<ulong> Values(ReadOnlySpan<byte> message, Column column) => column.IsCopied
        ? Words(column.At, column.Count)
        : MemoryMarshal.Cast<byte, ulong>(message.Slice(column.At, column.Count * sizeof(ulong)));
}

/// <summary>What a batch says besides its samples. Service and instance are offsets into the message.</summary>
internal struct BatchHeader
{
    public int ServiceAt;
    public int ServiceLength;
    public int InstanceAt;
    public int InstanceLength;
    public ulong Sequence;
    public ulong SessionId;
    public ulong SentAtNs;
    public uint PushIntervalMs;
    public bool Replay;

    /// <summary>Null when the batch has none, or one larger than allowed.</summary>
    public AgentReport? Report;
    public bool ReportTooLarge;
}

/// <summary>How a run's samples lie: inline samples are copied as pairs, columns stay in the message where they can.</summary>
internal enum RunForm : byte
{
    /// <summary>No samples: a declaration of a ref.</summary>
    Declaration,
    GaugePairs,
    CounterPairs,

    /// <summary>Timestamp, and the histogram's <see cref="FieldPieces.Place"/>.</summary>
    HistogramPairs,
    GaugeColumns,
    CounterColumns,

    /// <summary>Six copied columns, one after another: timestamp, min, max, sum, last, count.</summary>
    Aggregates,
}

/// <summary>Eight-byte values of one column: in the message as they came, or copied into words.</summary>
internal readonly record struct Column(int At, int Count, bool IsCopied);

/// <summary>[Data plane] Samples of one form of one metric.</summary>
internal struct MetricRun
{
    /// <summary>Null: not in the cache, or the metric gives only a ref.</summary>
    public WireIdentity? Identity;
    public uint Ref;
    public int Metric;
    public int BodyAt;
    public int BodyEnd;
    public int UnitAt;
    public int UnitLength;
    public RunForm Form;

    /// <summary>The metric carries a name, so its body tells the identity.</summary>
    public bool IsNamed;
    public int Count;
    public Column Timestamps;
    public Column Values;
}

/// <summary>[Data plane] Values of consecutive refs at one instant.</summary>
internal struct TickRun
{
    public ulong TimestampNs;
    public uint FirstRef;
    public bool IsCounter;
    public Column Values;
}
