using System.Diagnostics;
using System.Globalization;
using Observability.Stress.Processes;

namespace Observability.Stress.FanOut;

/// <summary>
/// What it costs the aggregator to show the same series to many viewers at 60 Hz. The aggregator is a process of its own; agents and viewers
/// are in this one, whose processor time is told apart.
/// </summary>
internal static class FanOutCommand
{
    private const double PeriodMs = 1000.0 / 60;
    private const int Agents = 4;
    private const int GaugesPerAgent = 25;
    private const string Selector = "{__name__=~\"gauge_.*\"}";
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        int[] counts = [.. Option(args, "--clients", "100,500,1000").Split(',').Select(Whole)];
        TimeSpan time = TimeSpan.FromSeconds(Whole(Option(args, "--seconds", "10")));
        await output.WriteLineAsync(
            $"{Agents} agents x {GaugesPerAgent} gauges each 20 ms, every viewer at 60 Hz, {time.TotalSeconds} s, {Environment.ProcessorCount} processors");
        await output.WriteLineAsync(
            "viewers | frames/s each | bytes/frame | server CPU-s per 1,000 client-s | us/frame | jitter p50 / p99 ms | lag p50 / p99 ms | " +
            "lag p99 with a stopped reader | generator");
        foreach (int viewers in counts)
        {
            await output.WriteLineAsync(await MeasureAsync(viewers, time));
        }
        return 0;
    }

    private static async Task<string> MeasureAsync(int count, TimeSpan time)
    {
        await using ServerProcess aggregator = await ServerProcess.StartAggregatorAsync(0);
        await using var load = new AgentLoad(aggregator.Grpc, Agents, GaugesPerAgent);
        await load.StartAsync();
        var meter = new FanOutMeter();
        var viewers = new List<ViewerClient>();
        var running = new List<Task>();
        for (int i = 0; i < count; i++)
        {
            ViewerClient viewer = await ViewerClient.ConnectAsync(aggregator.Web, Selector, meter);
            viewers.Add(viewer);
            running.Add(Task.Run(viewer.RunAsync));
        }
        meter.Rhythm = viewers[0];
        await Task.Delay(WarmUp);                               // everything is compiled, and backfills are over
        Period all = await MeasureAsync(aggregator, meter, time);
        string line = Describe(count, all, meter);
        double lagMs = meter.LagMs(0.99);

        viewers[^1].StopReading();
        await Task.Delay(WarmUp);
        await MeasureAsync(aggregator, meter, time);
        double withStoppedMs = meter.LagMs(0.99);
        meter.Finish();
        viewers.ForEach(viewer => viewer.Dispose());
        await Task.WhenAll(running);
        bool isSaturated = all.ServerSeconds + all.OwnSeconds > 0.9 * Environment.ProcessorCount * all.Seconds;
        return line + Text($"{withStoppedMs:F2} ({(withStoppedMs / lagMs) - 1:+0%;-0%}) | {all.OwnSeconds / all.Seconds:P0} of a processor") +
            (isSaturated ? ", machine SATURATED" : "");
    }

    private static async Task<Period> MeasureAsync(ServerProcess aggregator, FanOutMeter meter, TimeSpan time)
    {
        using Process own = Process.GetCurrentProcess();
        TimeSpan serverBefore = aggregator.Cpu;
        TimeSpan ownBefore = own.TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        meter.Begin();
        await Task.Delay(time);
        meter.Pause();
        own.Refresh();
        return new Period(clock.Elapsed.TotalSeconds, (aggregator.Cpu - serverBefore).TotalSeconds, (own.TotalProcessorTime - ownBefore).TotalSeconds);
    }

    private static string Describe(int viewers, Period period, FanOutMeter meter)
    {
        double framesPerSecond = meter.Frames / period.Seconds / viewers;
        double perThousand = period.ServerSeconds * 1000 / (viewers * period.Seconds);
        double usPerFrame = period.ServerSeconds * 1e6 / Math.Max(1, meter.Frames);
        return Text($"{viewers} | {framesPerSecond:F1} of {meter.RhythmFrames / period.Seconds:F1} | {meter.BytesPerFrame:F0} | {perThousand:F2} | {usPerFrame:F1} | ") +
            Text($"{meter.JitterMs(0.5, PeriodMs):F2} / {meter.JitterMs(0.99, PeriodMs):F2} | {meter.LagMs(0.5):F2} / {meter.LagMs(0.99):F2} | ");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Option(string[] args, string name, string otherwise)
    {
        int index = Array.IndexOf(args, name);
        return index >= 0 && index + 1 < args.Length ? args[index + 1] : otherwise;
    }

    /// <summary>Processor time of the aggregator and of this process, over a time.</summary>
    private readonly record struct Period(double Seconds, double ServerSeconds, double OwnSeconds);
}
