using System.Globalization;

namespace Observability.Stress.Soak;

/// <summary>What the aggregator takes at one instant of a soak, and the latencies since the former one.</summary>
/// <param name="At">Since the start.</param>
/// <param name="Megabytes">Resident memory of the process, without the program's files: the runtime loads some of them late.</param>
/// <param name="HeapMegabytes">The managed heap after its last collection.</param>
/// <param name="Collections">Collections until now.</param>
/// <param name="HistoryMegabytes">Samples: rings, history, rollups.</param>
/// <param name="Handles">Open files and sockets.</param>
/// <param name="P50Ms">From recording to a viewer's message, median.</param>
/// <param name="P99Ms">The same, 99th percentile.</param>
internal sealed record SoakSample(
    TimeSpan At, double Megabytes, double HeapMegabytes, long Collections, double HistoryMegabytes, int Handles, double P50Ms, double P99Ms)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{At:hh\\:mm\\:ss}  {Megabytes,6:0.0} MB, heap {HeapMegabytes,5:0.0} after {Collections,4} collections, samples {HistoryMegabytes,5:0.00}  {Handles,4} handles  recorded to message p50 {P50Ms:0.0} p99 {P99Ms:0.0} ms");
}

/// <summary>
/// The last third of a soak against the first, by their medians: one late sample is the machine's, a trend is ours. Latency by the best of each third: what else
/// the machine does only adds to it.
/// </summary>
internal sealed record SoakVerdict(IReadOnlyList<SoakJudged> Judged)
{
    // A leak of 200 KB a second is past this in the one-minute form, one of 2 KB a second in the hour; code that is optimised late, and what a runtime gives
    // and takes, is not.
    private const double MemoryGrowthMax = 1.02;
    private const double MemorySlackMegabytes = 4;
    private const int HandleGrowthMax = 4;
    private const double LatencyGrowthMax = 2;
    private const double LatencySlackMs = 30;

    public bool Holds => Judged.All(one => one.Late <= one.Allowed);

    public static SoakVerdict Of(IReadOnlyList<SoakSample> samples)
    {
        SoakSample[] first = [.. samples.Take(samples.Count / 3)];
        SoakSample[] last = [.. samples.Skip(samples.Count - (samples.Count / 3))];
        return new SoakVerdict(
        [
            Judge("memory, MB", Median, first, last, one => one.Megabytes, MemoryGrowthMax, MemorySlackMegabytes),
            Judge("managed heap, MB", Median, first, last, one => one.HeapMegabytes, MemoryGrowthMax, MemorySlackMegabytes),
            Judge("handles", Median, first, last, one => one.Handles, 1, HandleGrowthMax),
            Judge("recorded to message p99, ms", Enumerable.Min, first, last, one => one.P99Ms, LatencyGrowthMax, LatencySlackMs),
        ]);
    }

    public override string ToString() => string.Concat(Judged.Select(one => one + Environment.NewLine));

    private static SoakJudged Judge(
        string what, Func<SoakSample[], Func<SoakSample, double>, double> of, SoakSample[] first, SoakSample[] last, Func<SoakSample, double> value, double growthMax, double slack)
    {
        double before = of(first, value);
        return new SoakJudged(what, before, of(last, value), (before * growthMax) + slack);
    }

    private static double Median(SoakSample[] samples, Func<SoakSample, double> value)
    {
        double[] sorted = [.. samples.Select(value).Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>One figure of both thirds, and what the last may be.</summary>
internal sealed record SoakJudged(string What, double Early, double Late, double Allowed)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{What}: {Early:0.0}, then {Late:0.0} (at most {Allowed:0.0}): {(Late <= Allowed ? "holds" : "FAILS")}");
}
