using System.Diagnostics;
using System.Globalization;
using Observability.Stress.Processes;

namespace Observability.Stress.Soak;

/// <summary>
/// `soak [MINUTES]`: agents that come and go, viewers that come and go, and one of each that stays. Once the history's window is full, memory must stay flat,
/// handles must not grow, and the time from recording to a viewer's message must stay what it was.
/// </summary>
internal static class SoakCommand
{
    private const int Samples = 12;

    // Otherwise the first collection comes after minutes, and until then memory grows by what nobody holds any more.
    private const string SmallNurseryBytes = "100000";

    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        double minutes = args.Length > 0 ? double.Parse(args[0], CultureInfo.InvariantCulture) : 60;
        SoakVerdict verdict = await RunAsync(TimeSpan.FromMinutes(minutes), sample => output.WriteLine(sample.ToString()));
        output.Write(verdict.ToString());
        return verdict.Holds ? 0 : 1;
    }

    /// <summary>A quarter of the time fills the history's window and compiles the code; the rest is judged.</summary>
    public static async Task<SoakVerdict> RunAsync(TimeSpan time, Action<SoakSample> onSample)
    {
        int windowSeconds = (int)Math.Clamp(time.TotalSeconds / 6, 5, 300);
        string window = windowSeconds.ToString(CultureInfo.InvariantCulture);
        await using ServerProcess aggregator = await ServerProcess.StartAggregatorAsync(
            0, ("Storage__RingSecondsMax", window), ("Storage__HistorySecondsMax", window), ("Storage__IdleSecondsMax", window), ("Storage__RingSamplesMax", "512"),
            ("DOTNET_GCgen0size", SmallNurseryBytes));
        await using SoakLoad load = new(aggregator);
        Stopwatch clock = Stopwatch.StartNew();
        await load.RunAsync(time / 4);
        List<SoakSample> samples = [];
        TimeSpan step = (time - clock.Elapsed) / Samples;
        while (samples.Count < Samples)
        {
            load.ClearLatencies();
            await load.RunAsync(step);
            string exposition = await aggregator.Http.GetStringAsync(aggregator.Metrics);
            ProcessUse use = ProcessUse.Of(aggregator.Id);
            samples.Add(new SoakSample(
                clock.Elapsed, use.OwnMegabytes, ServerProcess.Sum(exposition, "dotnet_gc_heap_bytes") / (1024 * 1024),
                (long)ServerProcess.Sum(exposition, "dotnet_gc_collections_total", "generation=\"0\""),
                ServerProcess.Sum(exposition, "telemetry_ring_memory_bytes") / (1024 * 1024), use.Handles, load.TakeLatencyMs(0.5), load.TakeLatencyMs(0.99)));
            onSample(samples[^1]);
        }
        return SoakVerdict.Of(samples);
    }
}
