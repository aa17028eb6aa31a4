using System.Globalization;
using Observability.Aggregator.Storage;

namespace Observability.Benchmarks.Storage;

/// <summary>`-- memory`: what a series costs: bare, idle, and with 60 s at 50 Hz, by what its values look like. Rollups apart.</summary>
internal static class MemoryReport
{
    private const int Ticks = 60 * 50;
    private const int SeriesCount = 400;

    public static void Run(TextWriter output)
    {
        output.WriteLine("60 s at 50 Hz, ticks of 20 series; ring and blocks as reserved, without rollups");
        output.WriteLine($"{"values",-34} {"KB/series",10} {"B/sample",9} {"rollups B/series and minute",28}");
        Random random = new(1);
        double[] walk = [.. Enumerable.Range(0, SeriesCount).Select(_ => 500.0)];
        double[] totals = new double[SeriesCount];
        Report(output, "counter, 0-50 a tick", SeriesKind.Counter, (series, _) => totals[series] += random.Next(50));
        Array.Clear(totals);
        Report(output, "counter, idle half of the time", SeriesKind.Counter, (series, tick) => totals[series] += tick / 50 % 2 == 0 ? 0 : random.Next(2000));
        Report(output, "rps, 4 digits, a walk", SeriesKind.Gauge, (series, _) => FourDigits(walk[series] = Math.Abs(walk[series] + (20 * (random.NextDouble() - 0.5)))));
        Report(output, "rps, 4 digits, changes a second", SeriesKind.Gauge, (series, tick) => FourDigits(tick % 50 == 0 ? walk[series] = 100 + (random.NextDouble() * 900) : walk[series]));
        Report(output, "CPU %, 2 decimals", SeriesKind.Gauge, (_, _) => Math.Round(random.NextDouble() * 40, 2));
        Report(output, "p99 in ms, 4 digits", SeriesKind.Gauge, (_, _) => FourDigits(Math.Exp(3 + (random.NextDouble() * 2))));
        Report(output, "error rate, 4 digits, mostly 0", SeriesKind.Gauge, (_, tick) => tick % 100 < 90 ? 0 : FourDigits(random.NextDouble() * 0.02));
        Report(output, "noise, full mantissa", SeriesKind.Gauge, (_, _) => random.NextDouble());
        Report(output, "rps, 4 digits, written alone", SeriesKind.Gauge, (series, _) => FourDigits(walk[series] = Math.Abs(walk[series] + (20 * (random.NextDouble() - 0.5)))), alone: true);
        Report(output, "counter, written alone", SeriesKind.Counter, (series, _) => totals[series] += random.Next(50), alone: true);
        Objects(output);
    }

    private static void Report(TextWriter output, string name, SeriesKind kind, Func<int, int, double> valueOf, bool alone = false)
    {
        FilledStore filled = new(SeriesCount, kind, valueOf, alone);
        filled.Write(Ticks);
        long total = filled.Store.MemoryBytes;
        long rollups = filled.Store.RollupBytes;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-34} {(total - rollups) / 1024.0 / SeriesCount,10:0.00} {(double)(total - rollups) / SeriesCount / Ticks,9:0.00} {(double)rollups / SeriesCount,28:0}"));
    }

    /// <summary>By the garbage collector's own count: everything that hangs on a series.</summary>
    private static void Objects(TextWriter output)
    {
        const int Many = 20_000;
        _ = new FilledStore(FilledStore.SeriesPerSource, SeriesKind.Gauge, (_, _) => 1);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        FilledStore filled = new(Many, SeriesKind.Gauge, (_, tick) => tick, alone: true);
        long bare = GC.GetTotalMemory(forceFullCollection: true);
        filled.Write(20);
        long written = GC.GetTotalMemory(forceFullCollection: true);
        filled.Sealer.Pass(filled.NowNs + 70_000_000_000);
        long idle = GC.GetTotalMemory(forceFullCollection: true);
        long expired = After(filled.Store.Options.HistorySecondsMax);
        long fixedPart = After(filled.Store.Options.MinuteRollupsSecondsMax);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"heap bytes a series with 3 labels, written alone: {(bare - before) / Many} never written, {(written - before) / Many} after 20 samples, {(idle - before) / Many} idle since a minute, of them rollups {(expired - fixedPart) / Many}; {(expired - before) / Many} once its samples have expired, {(fixedPart - before) / Many} once its rollups have, too ({filled.Sealer.ParkedCount:N0} rings given back)"));
        GC.KeepAlive(filled);

        // What has expired is looked for in each fourth pass.
        long After(int seconds)
        {
            for (int pass = 0; pass < 4; pass++)
            {
                filled.Sealer.Pass(filled.NowNs + ((70L + seconds) * 1_000_000_000));
            }
            return GC.GetTotalMemory(forceFullCollection: true);
        }
    }

    private static double FourDigits(double value) => double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
