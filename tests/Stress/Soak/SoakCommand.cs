using System.Diagnostics;
using System.Globalization;
using Observability.Stress.Processes;

namespace Observability.Stress.Soak;

/// <summary>
/// `soak [MINUTES]`: agents that come and go, viewers that come and go, and one of each that stays. Memory must stay flat once the history's window is
/// full, handles must not grow, and the time from recording to a viewer's message must stay what it was.
/// </summary>
internal static class SoakCommand
{
    private const double MemoryGrowthMax = 1.15;
    private const int HandleGrowthMax = 16;
    private const double LatencyGrowthMax = 1.5;
    private const double LatencySlackMs = 20;

    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        double minutes = args.Length > 0 ? double.Parse(args[0], CultureInfo.InvariantCulture) : 60;
        // A window that is full after a sixth of the time: then memory has a level to stay at.
        int windowSeconds = (int)Math.Clamp(minutes * 60 / 6, 5, 300);
        string window = windowSeconds.ToString(CultureInfo.InvariantCulture);
        await using ServerProcess aggregator = await ServerProcess.StartAggregatorAsync(
            0, ("Storage__RingSecondsMax", window), ("Storage__HistorySecondsMax", window), ("Storage__IdleSecondsMax", window), ("Storage__RingSamplesMax", "512"));
        await using SoakLoad load = new(aggregator);
        Stopwatch clock = Stopwatch.StartNew();
        List<SoakSample> samples = [];
        TimeSpan time = TimeSpan.FromMinutes(minutes);
        TimeSpan step = time / 12;
        while (clock.Elapsed < time)
        {
            await load.RunAsync(step);
            ProcessUse use = ProcessUse.Of(aggregator.Id);
            samples.Add(new SoakSample(clock.Elapsed, use.Megabytes, use.Handles, load.TakeLatencyMs(0.5), load.TakeLatencyMs(0.99)));
            load.ClearLatencies();
            output.WriteLine(samples[^1].ToString());
        }
        return Judge(samples, output);
    }

    /// <summary>The second third against the last: the first fills the window and compiles the code.</summary>
    private static int Judge(List<SoakSample> samples, TextWriter output)
    {
        SoakSample[] early = [.. samples.Skip(samples.Count / 3).Take(samples.Count / 3)];
        SoakSample[] late = [.. samples.Skip(2 * samples.Count / 3)];
        (string What, double Early, double Late, double Allowed)[] judged =
        [
            ("memory, MB", Mean(early, one => one.Megabytes), Mean(late, one => one.Megabytes), Mean(early, one => one.Megabytes) * MemoryGrowthMax),
            ("handles", Mean(early, one => one.Handles), Mean(late, one => one.Handles), Mean(early, one => one.Handles) + HandleGrowthMax),
            ("recorded to message p99, ms", Mean(early, one => one.P99Ms), Mean(late, one => one.P99Ms), (Mean(early, one => one.P99Ms) * LatencyGrowthMax) + LatencySlackMs),
        ];
        foreach ((string what, double before, double after, double allowed) in judged)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {before:0.0}, then {after:0.0} (at most {allowed:0.0}): {(after <= allowed ? "holds" : "FAILS")}"));
        }
        return judged.All(one => one.Late <= one.Allowed) ? 0 : 1;
    }

    private static double Mean(SoakSample[] samples, Func<SoakSample, double> value) => samples.Average(value);

    private sealed record SoakSample(TimeSpan At, double Megabytes, int Handles, double P50Ms, double P99Ms)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"{At:hh\\:mm\\:ss}  {Megabytes,6:0.0} MB  {Handles,4} handles  recorded to message p50 {P50Ms:0.0} p99 {P99Ms:0.0} ms");
    }
}
