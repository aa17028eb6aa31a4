using System.Diagnostics;
using Observability.Aggregator.Storage;

namespace Observability.Stress.Rings;

/// <summary>
/// One writer, readers and the sealer on a small store at once: rows, samples written alone, groups that form and split, rings that grow, wrap, are sealed, parked and
/// begun anew, blocks that merge and are dropped. Every value follows from its series and position, so that a torn, invented, lost or moved sample shows.
/// </summary>
internal sealed class StoreTorture
{
    private const int SeriesCount = 12;
    private const int RowsOfABurst = 256;
    private const int SamplesOfARead = 1024;

    private readonly TelemetryStore _store = new(
        new StorageOptions { RingSamplesMax = 1024, HistorySecondsMax = 1, IdleSecondsMax = 1, MemoryBudgetBytes = 4 * 1024 * 1024 }, sessionId: 1);

    private readonly int _seed;
    private readonly long _operations;
    private readonly HistorySealer _sealer;
    private readonly SourceWriter _writer;
    private readonly Series[] _series;
    private long _written;
    private long _read;
    private long _overwritten;
    private volatile bool _isOver;
    private volatile string? _failure;

    public StoreTorture(int seed, long operations)
    {
        (_seed, _operations) = (seed, operations);
        _sealer = new HistorySealer(_store);
        _writer = _store.Catalog.OpenWriter("torture", "i");
        _series = [.. Enumerable.Range(0, SeriesCount).Select(index =>
        {
            _store.Catalog.TryAddSeries(_writer, $"m{index}", LabelSet.Empty, SeriesKind.Counter, "", out Series? series);
            return series!;
        })];
    }

    /// <summary>Null when all was well: then what was done. Otherwise what went wrong first.</summary>
    public string? Run(TimeSpan atMost, out string summary)
    {
        long startedAt = Stopwatch.GetTimestamp();
        Thread[] threads = [new(Seal), .. Enumerable.Range(0, 2).Select(reader => new Thread(() => Read(_seed + reader)))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }
        while (_failure is null && _written + Volatile.Read(ref _read) < _operations && Stopwatch.GetElapsedTime(startedAt) < atMost)
        {
            Write();
        }
        _isOver = true;
        foreach (Thread thread in threads)
        {
            thread.Join();
        }
        summary = $"seed {_seed}: {_written:N0} samples written, {_read:N0} read, {_overwritten:N0} overwritten unread, {_sealer.SealedSamples:N0} sealed, "
            + $"{_sealer.ParkedCount:N0} rings parked, {_store.Groups.FormedCount:N0} groups formed, {_store.Groups.SplitCount:N0} split, in {Stopwatch.GetElapsedTime(startedAt).TotalSeconds:0.0} s";
        return _failure ?? (_read > 0 && _sealer.SealedSamples > 0 ? null : "Nothing was read or sealed beside the writer: the trial saw no concurrency.");
    }

    private void Write()
    {
        Span<ulong> values = stackalloc ulong[SeriesCount];
        Random random = new(_seed ^ (int)_written);
        // Mostly whole rows; now and then one series by one, sample by sample or all at once, which splits the group that they have become.
        int form = random.Next(64);
        if (form == 1)
        {
            WriteColumns();
            return;
        }
        bool isRow = form != 0;
        for (int i = 0; i < RowsOfABurst; i++)
        {
            long position = _series[0].Head;
            _writer.ReceivedNs = position * 1000;
            for (int slot = 0; slot < SeriesCount; slot++)
            {
                values[slot] = ValueOf(slot, position);
            }
            if (isRow)
            {
                _writer.AppendRow(position, 0, values);
                continue;
            }
            for (int slot = 0; slot < SeriesCount; slot++)
            {
                _writer.Append(_series[slot], position, values[slot]);
            }
        }
        _written += RowsOfABurst * SeriesCount;
        Thread.SpinWait(random.Next(2000));
    }

    private void WriteColumns()
    {
        Span<ulong> positions = stackalloc ulong[RowsOfABurst];
        Span<ulong> values = stackalloc ulong[RowsOfABurst];
        long first = _series[0].Head;
        _writer.ReceivedNs = first * 1000;
        for (int slot = 0; slot < SeriesCount; slot++)
        {
            for (int i = 0; i < RowsOfABurst; i++)
            {
                positions[i] = (ulong)(first + i);
                values[i] = ValueOf(slot, first + i);
            }
            _writer.AppendColumns(_series[slot], positions, values);
        }
        _written += RowsOfABurst * SeriesCount;
    }

    private void Seal()
    {
        Random random = new(_seed);
        while (!_isOver)
        {
            long nowNs = _series[0].Head * 1000;
            // Every fourth pass takes everything for idle and expired: it seals the rest and parks rings under the writer's hands.
            _sealer.Pass(random.Next(4) == 0 ? nowNs + 10_000_000_000 : nowNs);
        }
    }

    private void Read(int seed)
    {
        Random random = new(seed);
        SampleBuffer samples = new();
        while (!_isOver)
        {
            int slot = random.Next(SeriesCount);
            long cursor = Math.Max(0, _series[slot].Head - random.Next(8192));
            for (int part = 0; part < 8; part++)
            {
                samples.Clear();
                long before = cursor;
                ReadResult result = _store.ReadNew(_series[slot], ref cursor, samples, random.Next(1, SamplesOfARead));
                Check(slot, before, cursor, result, samples);
            }
        }
    }

    private void Check(int slot, long before, long cursor, ReadResult result, SampleBuffer samples)
    {
        if (cursor - before != result.Count + result.Overwritten || samples.Count != result.Count)
        {
            _failure ??= $"Series {slot}: the cursor moved from {before} to {cursor}, but {result.Count} were read and {result.Overwritten} told as overwritten.";
        }
        long last = before - 1;
        for (int row = 0; row < samples.Count; row++)
        {
            long position = samples.TimestampsNs[row];
            if (position <= last || position >= cursor || samples.Counter(row) != ValueOf(slot, position))
            {
                _failure ??= $"Series {slot}: after position {last}, up to {cursor}, a sample says position {position} and value {samples.Counter(row):x}, not {ValueOf(slot, position):x}.";
            }
            last = position;
        }
        Interlocked.Add(ref _read, samples.Count);
        Interlocked.Add(ref _overwritten, result.Overwritten);
    }

    private static ulong ValueOf(int slot, long position) => ((ulong)position * 0x9E3779B97F4A7C15) ^ ((ulong)slot << 56) ^ ((ulong)position >> 9);
}
