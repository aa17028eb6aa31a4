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
    private const string Late = "telemetry_frame_late_seconds";
    private const string Pass = "telemetry_frame_seconds";
    private const string Selector = "{__name__=~\"gauge_.*\"}";
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        int[] counts = [.. Option(args, "--clients", "100,500,1000").Split(',').Select(Whole)];
        TimeSpan time = TimeSpan.FromSeconds(Whole(Option(args, "--seconds", "10")));
        await output.WriteLineAsync(
            $"{Agents} agents x {GaugesPerAgent} gauges each 20 ms, every viewer at 60 Hz, {time.TotalSeconds} s, {Environment.ProcessorCount} processors");
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
            viewers.Add(await ViewerClient.ConnectAsync(aggregator.Web, Selector, meter));
            running.Add(Task.Run(viewers[i].RunAsync));
        }
        meter.Rhythm = viewers[0];
        meter.Stopper = await ViewerClient.ConnectAsync(aggregator.Web, Selector, meter, StoppedReader.ReceiveBytes);
        viewers.Add(meter.Stopper);
        running.Add(Task.Run(meter.Stopper.RunAsync));
        await Task.Delay(WarmUp);                               // everything is compiled, and backfills are over
        Func<Task<ServerStamps>> end = await ServerStamps.BeginAsync(aggregator);
        Period all = await MeasureAsync(aggregator, meter, time);
        ServerStamps server = await end();
        string text = Describe(count, all, meter, server);
        string stopped = await StoppedReader.TryAsync(meter.Stopper, meter);
        meter.Finish();
        viewers.ForEach(viewer => viewer.Dispose());
        await Task.WhenAll(running);
        bool isSaturated = all.ServerSeconds + all.OwnSeconds > 0.9 * Environment.ProcessorCount * all.Seconds;
        return text + $"\n  stopped reader, the others' lag without / with, medians of alternating windows: {stopped}" +
            (isSaturated ? "\n  machine SATURATED" : "");
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

    private static string Describe(int viewers, Period period, FanOutMeter meter, ServerStamps server)
    {
        double framesPerSecond = meter.Frames / period.Seconds / viewers;
        double perThousand = period.ServerSeconds * 1000 / (viewers * period.Seconds);
        double usPerFrame = period.ServerSeconds * 1e6 / Math.Max(1, meter.Frames);
        double encodes = server.Count("telemetry_frames_encoded_total", "rate=\"60\"") / period.Seconds;
        return Text($"{viewers} viewers: {framesPerSecond:F1} frames/s each ({encodes:F1} made/s at 60 Hz) of {meter.BytesPerFrame:F0} B, ") +
            Text($"moves to a slower class {server.Count("telemetry_live_clients_slowed_total")}\n") +
            Text($"  server {perThousand:F2} CPU-s per 1,000 client-s, {usPerFrame:F1} us a frame; generator {period.OwnSeconds / period.Seconds:P0} of a processor\n") +
            Text($"  server, its own stamps: pass starts after it is due p50 {server.AtMostMs(Late, 0.5)}, p99 {server.AtMostMs(Late, 0.99)} ms; ") +
            Text($"pass until every socket has it p50 {server.AtMostMs(Pass, 0.5)}, p99 {server.AtMostMs(Pass, 0.99)} ms\n") +
            Text($"  interval between stamps, off 16.67 ms: p50 {meter.JitterMs(0.5, PeriodMs):F2}, p99 {meter.JitterMs(0.99, PeriodMs):F2} ms; ") +
            Text($"stamp to arrival p50 {meter.LagMs(0.5):F2}, p99 {meter.LagMs(0.99):F2} ms");
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
