using System.Diagnostics;
using System.Globalization;
using Observability.Aggregator.Histograms;
using Observability.Aggregator.Query;
using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;

namespace Observability.Benchmarks.Storage;

/// <summary>
/// `-- query`: how long questions over memory take, median and p99 of many, beside the goals; and the processor time of one, which other work on the machine does
/// not lengthen.
/// </summary>
internal static class QueryTimes
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1.5);
    private const long MinuteNs = 60_000_000_000;

    public static void Run(TextWriter output)
    {
        Random random = new(1);
        output.WriteLine($"{"question",-56} {"p50",10} {"p99",10} {"processor",10}   goal");
        FilledStore filled = new(200, SeriesKind.Gauge, (_, _) => Math.Round(random.NextDouble() * 40, 2), options: new StorageOptions { HistorySecondsMax = 300 });
        filled.Write(60 * 50);
        SampleBuffer samples = new();
        Time(output, "one series x 60 s, raw", 500, "100 us", () =>
        {
            samples.Clear();
            filled.Store.Read(filled.Series[7], filled.NowNs - MinuteNs, filled.NowNs, samples);
        });
        StepTable steps = new();
        Time(output, "100 series x 60 s -> 1,000 px", 100, "3 ms", () =>
        {
            for (int series = 0; series < 100; series++)
            {
                samples.Clear();
                filled.Store.Read(filled.Series[series], filled.NowNs - MinuteNs, filled.NowNs, samples);
                steps.Begin(1000);
                steps.Add(samples, SeriesKind.Gauge, filled.NowNs - MinuteNs, MinuteNs / 1000);
            }
        });
        MergedQuantile(output);
        LabelSearch(output);
        Json(output, filled);
    }

    private static void MergedQuantile(TextWriter output)
    {
        TelemetryStore store = new(new StorageOptions(), 1);
        Series[] series = [.. Enumerable.Range(0, 1000).Select(index =>
        {
            SourceWriter writer = store.Catalog.OpenWriter("checkout", $"i-{index}");
            store.Catalog.TryAddSeries(writer, "latency", LabelSet.Empty, SeriesKind.Histogram, "ms", out Series? added);
            ulong[] counts = [.. Enumerable.Range(0, 60).Select(bucket => (ulong)(bucket % 7))];
            writer.TryAppend(added!, FilledStore.StartNs, new HistogramSample { Count = 180, Sum = 1, Min = 1, Max = 2, Scale = 3, PositiveCounts = counts });
            return added!;
        })];
        HistogramBuffer rows = new();
        HistogramSum sum = new();
        Time(output, "p99 merged over 1,000 histogram series", 100, "10 ms", () =>
        {
            sum.Clear();
            foreach (Series one in series)
            {
                rows.Clear();
                store.ReadHistograms(one, 0, long.MaxValue, rows);
                sum.Add(rows[0], rows.PositiveCounts(0), rows.NegativeCounts(0));
            }
            _ = sum.Quantile(0.99);
        });
    }

    private static void LabelSearch(TextWriter output)
    {
        FilledStore many = new(100_000, SeriesKind.Gauge, (_, _) => 0);
        SeriesIndex index = new(many.Store);
        foreach (string text in new[] { "metric_3{host=\"node-77\"}", "{route=~\"/api/[12]\",zone=\"eu-1\"}" })
        {
            Selector selector = Parse(text);
            Time(output, $"search 100,000 series: {text}", 30, "5 ms", () =>
            {
                _ = index.Find(selector).Count;
            });
        }
    }

    private static void Json(TextWriter output, FilledStore filled)
    {
        QueryOptions options = new();
        SampleWriter writer = new(filled.Store, options);
        var query = new SampleQuery(Parse("{}"), filled.NowNs - MinuteNs, filled.NowNs, MinuteNs / 1000, Aggregation.Max, 0.99, Merge: false);
        Series[] hundred = filled.Series[..100];
        Time(output, "the same 100 series -> 1,000 px as JSON", 30, "(p99 10 ms)", () => writer.WriteAsync(query, hundred, Stream.Null, CancellationToken.None).GetAwaiter().GetResult());
    }

    private static Selector Parse(string text) =>
        Selector.TryParse(text, out Selector? selector, out string error) ? selector! : throw new InvalidOperationException(error);

    private static void Time(TextWriter output, string question, int repeats, string goal, Action ask)
    {
        // Until the compiler has settled.
        for (long startedAt = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(startedAt) < WarmUp;)
        {
            ask();
        }
        TimeSpan before = Environment.CpuUsage.TotalTime;
        double[] times = [.. Enumerable.Range(0, repeats).Select(_ =>
        {
            long startedAt = Stopwatch.GetTimestamp();
            ask();
            return Stopwatch.GetElapsedTime(startedAt).TotalMicroseconds;
        }).Order()];
        double processor = (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / repeats;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{question,-56} {times[repeats / 2],7:0} us {times[repeats * 99 / 100],7:0} us {processor,7:0} us   {goal}"));
    }
}
