using System.Diagnostics;
using System.Globalization;
using Observability.Aggregator.Storage;

namespace Observability.Benchmarks.Rings;

/// <summary>
/// `-- rings`: what one sample costs the writer, and the reader that follows it, through the store's own seam. One thread does both in turn, so
/// that reading takes its share of the caches as it does in the product. The best of several short rounds counts.
/// </summary>
internal static class RingComparison
{
    private const int Rounds = 5;
    private const int RowWidth = 100;
    private const int BurstLength = 100;
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(150);

    public static void Run(TextWriter output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores, .NET {Environment.Version}; ns a sample on one core, and millions a second"));
        output.WriteLine($"{"series",8} {"pattern",-26} {"write ns",9} {"M/s",8} {"read ns",9}");
        foreach (int seriesCount in new[] { 10_000, 100_000 })
        {
            RingBench alone = new(seriesCount, rows: false);
            if (seriesCount == 10_000)
            {
                Measure(output, alone, "hot: one series", (bench, _) => bench.WriteHot(100));
            }
            Measure(output, alone, $"bursts of {BurstLength}", (bench, count) => bench.WriteBursts(count, BurstLength));
            Measure(output, alone, "bursts of 5", (bench, count) => bench.WriteBursts(count, 5));
            Measure(output, alone, "random", (bench, count) => bench.WriteRandom(count));
            Measure(output, new RingBench(seriesCount, rows: true), $"rows of {RowWidth}", (bench, count) => bench.WriteRows(count));
        }
    }

    private static void Measure(TextWriter output, RingBench bench, string pattern, Action<RingBench, int> write)
    {
        double bestWriteNs = double.MaxValue;
        double bestReadNs = double.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            TimeSpan writing = TimeSpan.Zero;
            TimeSpan reading = TimeSpan.Zero;
            long samples = 0;
            long read = 0;
            while (writing + reading < RoundTime)
            {
                // A frame's worth of each series, then what a frame reads.
                int count = bench.SeriesCount;
                long written = bench.Written;
                long startedAt = Stopwatch.GetTimestamp();
                write(bench, count);
                writing += Stopwatch.GetElapsedTime(startedAt);
                startedAt = Stopwatch.GetTimestamp();
                read += bench.ReadNew();
                reading += Stopwatch.GetElapsedTime(startedAt);
                samples += bench.Written - written;
            }
            bestWriteNs = Math.Min(bestWriteNs, writing.TotalNanoseconds / samples);
            bestReadNs = Math.Min(bestReadNs, reading.TotalNanoseconds / Math.Max(read, 1));
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{bench.SeriesCount,8:N0} {pattern,-26} {bestWriteNs,9:0.00} {1e3 / bestWriteNs,8:0} {bestReadNs,9:0.0}"));
    }

    /// <summary>A store with sources of 100 gauges, one cursor a series.</summary>
    private sealed class RingBench
    {
        private readonly TelemetryStore _store = new(new StorageOptions { RingSamplesMax = 128, SeriesMax = 200_000, SeriesPerServiceMax = 200_000 }, sessionId: 1);
        private readonly SourceWriter[] _writers;
        private readonly Series[] _series;
        private readonly long[] _cursors;
        private readonly int[] _order;
        private readonly double[] _row = [.. Enumerable.Range(0, RowWidth).Select(value => (double)value)];
        private readonly SampleBuffer _samples = new();
        private long _timeNs = 1;
        private int _next;

        public RingBench(int seriesCount, bool rows)
        {
            _writers = [.. Enumerable.Range(0, seriesCount / RowWidth).Select(number => _store.Catalog.OpenWriter("service", $"instance-{number}"))];
            _series = [.. Enumerable.Range(0, seriesCount).Select(Add)];
            _cursors = new long[seriesCount];
            _order = [.. Enumerable.Range(0, seriesCount)];
            new Random(1).Shuffle(_order);
            // Until every ring has its size and has come round.
            for (int i = 0; i < 300; i++)
            {
                if (rows)
                {
                    WriteRows(seriesCount);
                }
                else
                {
                    WriteBursts(seriesCount, 1);
                }
            }
            ReadNew();
        }

        public long Written { get; private set; }

        public int SeriesCount => _series.Length;

        public void WriteHot(int count)
        {
            for (int i = 0; i < count; i++)
            {
                _writers[0].Append(_series[0], ++_timeNs, (double)i);
            }
            Written += count;
        }

        public void WriteBursts(int count, int length)
        {
            for (int i = 0; i < count; i += length)
            {
                int index = _order[_next = (_next + 1) % _order.Length];
                Series series = _series[index];
                SourceWriter writer = _writers[index / RowWidth];
                for (int sample = 0; sample < length; sample++)
                {
                    writer.Append(series, ++_timeNs, (double)sample);
                }
            }
            Written += count;
        }

        public void WriteRandom(int count) => WriteBursts(count, 1);

        public void WriteRows(int count)
        {
            for (int i = 0; i < count; i += RowWidth)
            {
                _next = (_next + 1) % _writers.Length;
                _writers[_next].AppendRow(++_timeNs, 0, _row);
            }
            Written += count;
        }

        public long ReadNew()
        {
            long read = 0;
            for (int i = 0; i < _series.Length; i++)
            {
                if (_cursors[i] == _series[i].Head)
                {
                    continue;
                }
                _samples.Clear();
                read += _store.ReadNew(_series[i], ref _cursors[i], _samples, 4096).Count;
            }
            return read;
        }

        private Series Add(int index)
        {
            _store.Catalog.TryAddSeries(_writers[index / RowWidth], $"metric_{index % RowWidth}", LabelSet.Empty, SeriesKind.Gauge, "", out Series? series);
            return series!;
        }
    }
}
