using System.Globalization;
using Observability.Aggregator.Storage;

namespace Observability.Benchmarks.Storage;

/// <summary>`-- seal`: processor time of the sealer for a million samples that it compresses and rolls up, by what its values look like.</summary>
internal static class SealCost
{
    private const int SeriesCount = 400;
    private const int Ticks = 60 * 50;
    private const int Rounds = 5;

    public static void Run(TextWriter output)
    {
        output.WriteLine($"{"values, ticks of 20 series",-34} {"CPU ms/M samples",17} {"B/sample",9}");
        Random random = new(1);
        double[] walk = [.. Enumerable.Range(0, SeriesCount).Select(_ => 500.0)];
        double[] totals = new double[SeriesCount];
        Report(output, "counter, 0-50 a tick", SeriesKind.Counter, (series, _) => totals[series] += random.Next(50));
        Report(output, "counter, mostly the same", SeriesKind.Counter, (series, tick) => totals[series] += tick % 10 == 0 ? 1 : 0);
        Report(output, "rps, 4 digits, a walk", SeriesKind.Gauge, (series, _) => Math.Round(walk[series] = Math.Abs(walk[series] + (20 * (random.NextDouble() - 0.5))), 1));
        Report(output, "CPU %, 2 decimals", SeriesKind.Gauge, (_, _) => Math.Round(random.NextDouble() * 40, 2));
        Report(output, "noise, full mantissa", SeriesKind.Gauge, (_, _) => random.NextDouble());
        Report(output, "counter, written alone", SeriesKind.Counter, (series, _) => totals[series] += random.Next(50), alone: true);
    }

    private static void Report(TextWriter output, string name, SeriesKind kind, Func<int, int, double> valueOf, bool alone = false)
    {
        double best = double.MaxValue;
        double bytes = 0;
        for (int round = 0; round < Rounds; round++)
        {
            FilledStore filled = new(SeriesCount, kind, valueOf, alone);
            TimeSpan spent = TimeSpan.Zero;
            for (int tick = 0; tick < Ticks; tick += 12)
            {
                filled.Write(12, isSealed: false);
                TimeSpan before = Environment.CpuUsage.TotalTime;
                filled.Sealer.Pass(filled.NowNs);
                spent += Environment.CpuUsage.TotalTime - before;
            }
            best = Math.Min(best, spent.TotalMilliseconds * 1e6 / filled.Sealer.SealedSamples);
            bytes = (filled.Store.MemoryBytes - filled.Store.RollupBytes) / (double)SeriesCount / Ticks;
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-34} {best,17:0.0} {bytes,9:0.00}"));
    }
}
