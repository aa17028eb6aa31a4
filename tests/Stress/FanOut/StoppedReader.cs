namespace Observability.Stress.FanOut;

/// <summary>
/// Short windows in turn, in every second of which one viewer does not read: whatever else happens on the machine meets both kinds. A viewer
/// of its own does the stopping, with a small receive buffer, so that the aggregator's send buffer is what fills.
/// </summary>
internal static class StoppedReader
{
    public const int ReceiveBytes = 4096;

    private const int PairCount = 7;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(0.3);

    /// <summary>The others' median lag p50 and p99 over the windows without, and with, in ms; and how much the pairs differ, as the median ratio.</summary>
    public static async Task<string> TryAsync(ViewerClient stopper, FanOutMeter meter)
    {
        var reading = new List<(double P50, double P99)>();
        var stopped = new List<(double P50, double P99)>();
        for (int pair = 0; pair < PairCount; pair++)
        {
            // Which comes first changes from pair to pair, so that a drift favours neither.
            for (int half = 0; half < 2; half++)
            {
                bool stops = (pair + half) % 2 == 0;
                if (stops)
                {
                    stopper.StopReading();
                }
                await Task.Delay(Settle);
                meter.Begin();
                await Task.Delay(Window);
                meter.Pause();
                (stops ? stopped : reading).Add((meter.LagMs(0.5), meter.LagMs(0.99)));
                if (stops)
                {
                    stopper.ReadOn();
                }
            }
        }
        double ratio = Median(stopped.Zip(reading, (with, without) => with.P99 / without.P99));
        return FormattableString.Invariant(
            $"p50 {Median(reading.Select(one => one.P50)):F2} / {Median(stopped.Select(one => one.P50)):F2}, p99 {Median(reading.Select(one => one.P99)):F2} / {Median(stopped.Select(one => one.P99)):F2} ms, ratio {ratio:F2}");
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] ordered = [.. values.Order()];
        return ordered[ordered.Length / 2];
    }
}
