using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Export;
using Observability.Aggregator.Storage;
using Prometheus;

namespace Observability.Benchmarks.Scrape;

/// <summary>`-- scrape`: CPU of one scrape of 10,000 series that all have a new sample, by format, with and without compression. The median of many counts.</summary>
internal static class ScrapeCost
{
    private const int Sources = 50;
    private const int SeriesPerSource = 200;
    private const int Rounds = 41;
    private const int HistogramEvery = 20;
    private const string SchedulerStatistics = "/proc/thread-self/schedstat";

    public static void Run(TextWriter output)
    {
        var store = new TelemetryStore(new StorageOptions { RingSamplesMax = 256 }, sessionId: 1);
        (SourceWriter Writer, Series[] Series)[] sources = [.. Enumerable.Range(0, Sources).Select(index => Add(store, index))];
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), []);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Sources * SeriesPerSource:N0} series of {Sources} sources, one in {HistogramEvery} a histogram; {Environment.ProcessorCount} cores, .NET {Environment.Version}"));
        output.WriteLine($"{"format",-15} {"gzip",-5} {"CPU ms",8} {"text MB",8} {"sent MB",8} {"B/series",9}");
        foreach (ExpositionFormat format in Enum.GetValues<ExpositionFormat>())
        {
            foreach (bool gzip in new[] { false, true })
            {
                Measure(output, store, sources, exporter, format, gzip);
            }
        }
    }

    private static void Measure(
        TextWriter output, TelemetryStore store, (SourceWriter Writer, Series[] Series)[] sources, Exporter exporter, ExpositionFormat format, bool gzip)
    {
        var text = new ExpositionBuffer();
        var compressed = new MemoryStream();
        var times = new List<double>();
        long allocated = 0;
        for (int round = 0; round < Rounds; round++)
        {
            Append(store, sources, round);
            text.Clear();
            compressed.SetLength(0);
            double startedMs = ThreadMs();
            long bytesBefore = GC.GetAllocatedBytesForCurrentThread();
            exporter.WriteAsync(text, format, CancellationToken.None).GetAwaiter().GetResult();
            if (gzip)
            {
                using var stream = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true);
                stream.Write(text.Written.Span);
            }
            allocated = GC.GetAllocatedBytesForCurrentThread() - bytesBefore;
            times.Add(ThreadMs() - startedMs);
        }
        times = [.. times.Skip(Rounds / 4).Order()];
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{format,-15} {(gzip ? "yes" : "no"),-5} {times[times.Count / 2],8:0.00} {text.Length / 1e6,8:0.00} {(gzip ? compressed.Length : text.Length) / 1e6,8:0.00} {(double)allocated / (Sources * SeriesPerSource),9:0.0}"));
    }

    /// <summary>Processor time of this thread; where the system does not tell it, the time that passed.</summary>
    private static double ThreadMs() => File.Exists(SchedulerStatistics)
        ? long.Parse(File.ReadAllText(SchedulerStatistics).Split(' ')[0], CultureInfo.InvariantCulture) / 1e6
        : Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;

    private static (SourceWriter Writer, Series[] Series) Add(TelemetryStore store, int index)
    {
        SourceWriter writer = store.Catalog.OpenWriter($"service-{index % 10}", $"instance-{index}");
        var series = new Series[SeriesPerSource];
        for (int one = 0; one < series.Length; one++)
        {
            SeriesKind kind = one % HistogramEvery == 0 ? SeriesKind.Histogram : one % 2 == 0 ? SeriesKind.Gauge : SeriesKind.Counter;
            string name = one == 0 ? "latency" : kind == SeriesKind.Counter ? $"things_{one}_total" : $"thing_{one}";
            var labels = LabelSet.From([("route", $"/api/{one % 8}"), ("method", "GET"), ("zone", "eu-1")]);
            store.Catalog.TryAddSeries(writer, name, labels, kind, one == 0 ? "ms" : "1", out Series? added);
            series[one] = added ?? throw new InvalidOperationException($"Cannot add series {one} of source {index}.");
        }
        return (writer, series);
    }

    private static void Append(TelemetryStore store, (SourceWriter Writer, Series[] Series)[] sources, int round)
    {
        long nowNs = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
        var random = new Random(round);
        foreach ((SourceWriter writer, Series[] series) in sources)
        {
            writer.ReceivedNs = nowNs;
            writer.Source.NewestReceivedNs = nowNs;
            foreach (Series one in series)
            {
                switch (one.Kind)
                {
                    case SeriesKind.Gauge:
                        writer.Append(one, nowNs, random.NextDouble() * 1000);
                        break;
                    case SeriesKind.Counter:
                        writer.Append(one, nowNs, (ulong)(1_000_000 + (round * 100) + random.Next(100)));
                        break;
                    default:
                        writer.TryAppend(one, nowNs, new HistogramSample
                        {
                            Count = 6, Sum = 60, Min = 1, Max = 40, Scale = 3, PositiveOffset = 16 + random.Next(8), PositiveCounts = [1, 2, 2, 1],
                        });
                        break;
                }
            }
        }
    }
}
