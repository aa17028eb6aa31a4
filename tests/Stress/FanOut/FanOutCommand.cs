using System.Diagnostics;
using System.Globalization;
using Observability.Stress.Processes;

namespace Observability.Stress.FanOut;

/// <summary>
/// What it costs the aggregator to show the same series to many viewers at 60 Hz. The aggregator is a process of its own; agents and viewers
/// are in this one, whose processor time is counted separately. With <c>--beside DLL</c> another build is measured too, in alternating rounds.
/// </summary>
internal static class FanOutCommand
{
    private const string Own = "Aggregator.dll";
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
        string other = Option(args, "--beside", "");
        int rounds = Whole(Option(args, "--rounds", "5"));
        foreach (int viewers in counts)
        {
            await (other.Length == 0
                ? output.WriteLineAsync((await MeasureAsync(Own, viewers, time, stops: true)).Text)
                : CompareAsync(other, viewers, time, rounds, output));
        }
        return 0;
    }

    /// <summary>Own and other in turn, so that whatever else happens on the machine meets both; the ratios are those within a round.</summary>
    private static async Task CompareAsync(string other, int viewers, TimeSpan time, int rounds, TextWriter output)
    {
        var pairs = new List<(Trial Own, Trial Other)>();
        for (int round = 0; round < rounds; round++)
        {
            // Which comes first changes from round to round, so that a drift favours neither.
            Trial? first = round % 2 == 1 ? await MeasureAsync(other, viewers, time, stops: false) : null;
            Trial own = await MeasureAsync(Own, viewers, time, stops: false);
            pairs.Add((own, first ?? await MeasureAsync(other, viewers, time, stops: false)));
            await output.WriteLineAsync($"  own {own}\n  other {pairs[^1].Other}");
        }
        string Compare(Func<Trial, double> figure) => Text(
            $"{Median(pairs.Select(pair => figure(pair.Own))):F2} / {Median(pairs.Select(pair => figure(pair.Other))):F2} ({Median(pairs.Select(pair => figure(pair.Other) / figure(pair.Own))):F2}x)");
        await output.WriteLineAsync(
            $"{viewers} viewers, own / other (median ratio): CPU-s per 1,000 client-s {Compare(trial => trial.CpuPerThousand)}, us a frame {Compare(trial => trial.UsPerFrame)}, " +
            $"frames/s {Compare(trial => trial.FramesPerSecond)}, jitter p99 ms {Compare(trial => trial.JitterMs)}, stamp to arrival p99 ms {Compare(trial => trial.LagMs)}");
    }

    private static async Task<Trial> MeasureAsync(string program, int count, TimeSpan time, bool stops)
    {
        await using ServerProcess aggregator = await ServerProcess.StartAsync([program]);
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
        bool isSaturated = all.ServerSeconds + all.OwnSeconds > 0.9 * Environment.ProcessorCount * all.Seconds;
        var trial = new Trial(
            all.ServerSeconds * 1000 / (count * all.Seconds), all.ServerSeconds * 1e6 / Math.Max(1, meter.Frames),
            meter.Frames / all.Seconds / count, meter.JitterMs(0.99, PeriodMs), meter.LagMs(0.99), "");
        string text = Describe(trial, count, all, meter, server);
        if (stops)
        {
            text += $"\n  stopped reader, the others' lag without / with, medians of alternating windows: {await StoppedReader.TryAsync(meter.Stopper, meter)}";
        }
        meter.Finish();
        viewers.ForEach(viewer => viewer.Dispose());
        await Task.WhenAll(running);
        return trial with { Text = text + (isSaturated ? "\n  machine SATURATED" : "") };
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

    private static string Describe(Trial trial, int viewers, Period period, FanOutMeter meter, ServerStamps server)
    {
        double encodes = server.Count("telemetry_frames_encoded_total", "rate=\"60\"") / period.Seconds;
        return Text($"{viewers} viewers: {trial.FramesPerSecond:F1} frames/s each ({encodes:F1} made/s at 60 Hz) of {meter.BytesPerFrame:F0} B, ") +
            Text($"moves to a slower class {server.Count("telemetry_live_clients_slowed_total")}\n") +
            Text($"  server {trial.CpuPerThousand:F2} CPU-s per 1,000 client-s, {trial.UsPerFrame:F1} us a frame; generator {period.OwnSeconds / period.Seconds:P0} of a processor\n") +
            Text($"  server, its own stamps: pass starts after it is due p50 {server.AtMostMs(Late, 0.5)}, p99 {server.AtMostMs(Late, 0.99)} ms; ") +
            Text($"pass until every socket has it p50 {server.AtMostMs(Pass, 0.5)}, p99 {server.AtMostMs(Pass, 0.99)} ms\n") +
            Text($"  interval between stamps, off 16.67 ms: p50 {meter.JitterMs(0.5, PeriodMs):F2}, p99 {trial.JitterMs:F2} ms; ") +
            Text($"stamp to arrival p50 {meter.LagMs(0.5):F2}, p99 {trial.LagMs:F2} ms");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static double Median(IEnumerable<double> values)
    {
        double[] ordered = [.. values.Order()];
        return ordered[ordered.Length / 2];
    }

    private static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Option(string[] args, string name, string otherwise)
    {
        int index = Array.IndexOf(args, name);
        return index >= 0 && index + 1 < args.Length ? args[index + 1] : otherwise;
    }

    /// <summary>What one measurement gave, and the text that describes it.</summary>
    private sealed record Trial(double CpuPerThousand, double UsPerFrame, double FramesPerSecond, double JitterMs, double LagMs, string Text)
    {
        public override string ToString() => FanOutCommand.Text(
            $"{CpuPerThousand:F2} CPU-s per 1,000 client-s, {UsPerFrame:F1} us a frame, {FramesPerSecond:F1} frames/s, jitter p99 {JitterMs:F2} ms, lag p99 {LagMs:F2} ms");
    }

    /// <summary>Processor time of the aggregator and of this process, over a time.</summary>
    private readonly record struct Period(double Seconds, double ServerSeconds, double OwnSeconds);
}
