namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] What the structural pass leaves for the pass that applies: runs, ticks, and the values that do not lie in the message
/// ready to use. Grows to the largest batch met, which SamplesPerBatchMax bounds, and stays.
/// </summary>
internal sealed class ScanTape
{
    private MetricRun[] _runs = new MetricRun[128];
    private TickRun[] _ticks = new TickRun[16];
    private ulong[] _words = new ulong[512];

    public int RunCount { get; private set; }

    public int TickCount { get; private set; }

    public int WordCount { get; private set; }

    public Span<MetricRun> Runs => _runs.AsSpan(0, RunCount);

    public ReadOnlySpan<TickRun> Ticks => _ticks.AsSpan(0, TickCount);

    public void Clear() => Rewind(0, 0, 0);

    public void Rewind(int runCount, int tickCount, int wordCount)
    {
        RunCount = runCount;
        TickCount = tickCount;
        WordCount = wordCount;
    }

    public ref MetricRun AddRun()
    {
        if (RunCount == _runs.Length)
        {
            Array.Resize(ref _runs, _runs.Length * 2);
        }
        ref MetricRun run = ref _runs[RunCount++];
        run = default;
        return ref run;
    }

    public ref TickRun AddTick()
    {
        if (TickCount == _ticks.Length)
        {
            Array.Resize(ref _ticks, _ticks.Length * 2);
        }
        ref TickRun tick = ref _ticks[TickCount++];
        tick = default;
        return ref tick;
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

    /// <summary>Room for a column; what it holds is the caller's to write.</summary>
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

    public ReadOnlySpan<ulong> Words(int at, int count) => _words.AsSpan(at, count);
}
