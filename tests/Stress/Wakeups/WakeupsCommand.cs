using System.Diagnostics;
using System.Globalization;
using Observability.Stress.Load;
using Observability.Stress.Processes;

namespace Observability.Stress.Wakeups;

/// <summary>
/// Whether each batch wakes the frame loop: one source sends every 20 ms and is watched, the others send at mixed slower rates and are not. From record to message stays what
/// it is with the one source alone, and no arrival is left to the loop's look by the clock.
/// </summary>
internal static class WakeupsCommand
{
    private const int Watched = 0;
    private const int WatchedHz = 50;
    private const string Missed = "telemetry_frame_wakeups_missed_total";
    private static readonly int[] OtherHz = [1, 2, 5, 10];
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        int[] counts = [.. Option(args, "--sources", "1,2,100,1000").Split(',').Select(count => int.Parse(count, CultureInfo.InvariantCulture))];
        TimeSpan time = TimeSpan.FromSeconds(int.Parse(Option(args, "--seconds", "20"), CultureInfo.InvariantCulture));
        string program = Option(args, "--program", "Aggregator.dll");
        await output.WriteLineAsync("sources  batches/s  frames/s  record to message p50 / p99 ms  wake-ups missed");
        foreach (int count in counts)
        {
            await output.WriteLineAsync(await TryAsync(program, count, time));
        }
        return 0;
    }

    private static async Task<string> TryAsync(string program, int count, TimeSpan time)
    {
        await using ServerProcess aggregator = await ServerProcess.StartAsync([program]);
        using var stop = new CancellationTokenSource();
        LoadAgent[] agents = [.. Enumerable.Range(0, count).Select(number => new LoadAgent(aggregator.Grpc, LoadShape.Paced, number))];
        var viewer = new LatencyViewer(aggregator.Web, "http_server_metric_1{instance=\"web-0\"}");
        Task viewing = viewer.RunAsync(stop.Token);
        long sent = 0;
        var sending = new Thread(() => Send(agents, ref sent, stop.Token)) { Priority = ThreadPriority.AboveNormal };
        sending.Start();
        try
        {
            await Task.Delay(WarmUp);
            double missedBefore = await aggregator.ReadAsync(Missed);
            viewer.Clear();
            long sentBefore = Volatile.Read(ref sent);
            var clock = Stopwatch.StartNew();
            await Task.Delay(time);
            double seconds = clock.Elapsed.TotalSeconds;
            FormattableString row =
                $"{count,7} {(Volatile.Read(ref sent) - sentBefore) / seconds,10:F0} {viewer.Messages / seconds,9:F1} {viewer.LatencyMs(0.5),22:F2} / {viewer.LatencyMs(0.99),5:F2} {await aggregator.ReadAsync(Missed) - missedBefore,16}";
            return row.ToString(CultureInfo.InvariantCulture);
        }
        finally
        {
            await stop.CancelAsync();
            sending.Join();
            await viewing;
            Array.ForEach(agents, agent => agent.Dispose());
        }
    }

    /// <summary>Each source at its own rate, out of step with the others.</summary>
    private static void Send(LoadAgent[] agents, ref long sent, CancellationToken stop)
    {
        var due = new PriorityQueue<int, double>();
        for (int number = 0; number < agents.Length; number++)
        {
            due.Enqueue(number, (number * 0.618 % 1) / Hz(number));
        }
        var clock = Stopwatch.StartNew();
        while (!stop.IsCancellationRequested)
        {
            while (due.TryPeek(out int number, out double atSeconds) && atSeconds <= clock.Elapsed.TotalSeconds)
            {
                due.DequeueEnqueue(number, atSeconds + (1.0 / Hz(number)));
                agents[number].Pump();
                sent += agents[number].TrySend() ? 1 : 0;
                agents[number].Pump();
            }
            Thread.Sleep(1);
        }
    }

    private static int Hz(int number) => number == Watched ? WatchedHz : OtherHz[(number - 1) % OtherHz.Length];

    private static string Option(string[] args, string name, string otherwise)
    {
        int index = Array.IndexOf(args, name);
        return index >= 0 && index + 1 < args.Length ? args[index + 1] : otherwise;
    }
}
