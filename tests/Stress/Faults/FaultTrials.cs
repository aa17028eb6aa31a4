using System.Diagnostics;
using System.Globalization;
using Observability.Stress.Processes;

namespace Observability.Stress.Faults;

/// <summary>
/// The faults, each on real processes. After each: the agent's ledger adds up, the aggregator has received what the agent holds for acknowledged, no number
/// is stored twice, and the picture is live again.
/// </summary>
internal static class FaultTrials
{
    /// <summary>Its name, and the trial; the argument says how long the fault lasts.</summary>
    public static readonly IReadOnlyDictionary<string, Func<TimeSpan, Task<string>>> All = new Dictionary<string, Func<TimeSpan, Task<string>>>(StringComparer.Ordinal)
    {
        ["aggregator-killed"] = AggregatorKilledAsync,
        ["agent-killed"] = AgentKilledAsync,
        ["network-cut"] = NetworkCutAsync,
        ["aggregator-stopped"] = AggregatorStoppedAsync,
        ["clock-stepped"] = ClockSteppedAsync,
        ["snapshot-disk-full"] = DiskTrials.SnapshotDiskFullAsync,
    };

    private static async Task<string> AggregatorKilledAsync(TimeSpan time)
    {
        await using FaultRig rig = await FaultRig.StartAsync();
        await rig.UntilLiveAsync();
        await Task.Delay(time);
        long atKill = rig.Recorded;
        TimeSpan live = await rig.RestartAsync();
        await Task.Delay(TimeSpan.FromSeconds(1));
        FaultReport report = await rig.FinishAsync();
        FaultRig.Check(report.Ledger.Dropped == 0, $"{report.Ledger.Dropped} samples were dropped: {report}");
        FaultRig.Check(report.Received == report.Ledger.AcknowledgedInServerSession, $"the new aggregator received {report.Received}, acknowledged under its id are {report.Ledger.AcknowledgedInServerSession}");
        // What was recorded since the kill is all there; what came before, as far as the replay window of 10 s reaches.
        FaultRig.Check(report.Stored.Count(value => value > atKill) == report.Recorded - atKill, $"values recorded after the kill are missing: {report}");
        FaultRig.Check(report.Stored.Any(value => value < atKill) && report.Ledger.Replayed > 0, $"nothing was replayed: {report}");
        return $"restart to live {live.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture)} ms; {report}";
    }

    private static async Task<string> AgentKilledAsync(TimeSpan time)
    {
        await using ServerProcess aggregator = await ServerProcess.StartAggregatorAsync(0);
        string instance = $"t-{Guid.NewGuid():N}";
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Stress.dll"), "recording-agent", aggregator.Grpc.ToString(), instance]) { RedirectStandardOutput = true };
        long recorded = 0;
        using (Process agent = Process.Start(start)!)
        {
            Stopwatch clock = Stopwatch.StartNew();
            while (clock.Elapsed < time + TimeSpan.FromSeconds(2) && await agent.StandardOutput.ReadLineAsync() is { } line)
            {
                recorded = long.Parse(line, CultureInfo.InvariantCulture);
            }
            agent.Kill();
            while (await agent.StandardOutput.ReadLineAsync() is { } line)
            {
                // It may have been killed in the middle of a line: only whole ones count.
                recorded = long.TryParse(line, CultureInfo.InvariantCulture, out long value) && value == recorded + 1 ? value : recorded;
            }
            await agent.WaitForExitAsync();
        }
        long[] stored = [];
        for (int still = 0; still < 4;)
        {
            long[] now = await FaultRig.ValuesAsync(aggregator, instance);
            still = now.Length == stored.Length ? still + 1 : 0;
            stored = now;
            await Task.Delay(100);
        }
        FaultRig.Check(stored.Length > 0 && stored.Select((value, index) => value == index + 1).All(same => same), "what the killed agent sent has a hole, or a value twice");
        FaultRig.Check(stored[^1] <= recorded + 1, $"a sample was invented: {stored[^1]} of {recorded}");
        // What was lost with the process is what its next push would have carried, and what was on its way.
        FaultRig.Check(recorded - stored[^1] < 250, $"{recorded - stored[^1]} values were lost with the agent, more than a second's");
        return $"outside {recorded}, stored 1 to {stored[^1]} without a hole, lost with the process {recorded - stored[^1]}";
    }

    private static async Task<string> NetworkCutAsync(TimeSpan time)
    {
        await using FaultRig rig = await FaultRig.StartAsync();
        await rig.UntilLiveAsync();
        await Task.Delay(TimeSpan.FromSeconds(1));
        rig.Proxy.Cut();
        await Task.Delay(time);
        rig.CheckBalance();
        rig.Proxy.Restore();
        TimeSpan live = await rig.UntilLiveAsync();
        FaultReport report = await rig.FinishAsync();
        FaultRig.Check(report.Ledger.Dropped == 0 && report.Missing == 0, $"samples were lost although the buffer holds them: {report}");
        FaultRig.Check(report.Received == report.Ledger.Acknowledged, $"received is not what was acknowledged: {report}");
        return $"restored to live {live.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture)} ms; {report}";
    }

    private static async Task<string> AggregatorStoppedAsync(TimeSpan time)
    {
        if (OperatingSystem.IsWindows())
        {
            return "not run: there is no SIGSTOP";
        }
        // A buffer of 64 KB is full after about a second of this.
        await using FaultRig rig = await FaultRig.StartAsync(options => (options.RetainedBytesMax, options.ReplayWindowMs, options.AckTimeoutMs) = (65_536, 0, 1_000), fillers: 20);
        await rig.UntilLiveAsync();
        await Task.Delay(TimeSpan.FromSeconds(1));
        Signals.Send(rig.Aggregator.Id, Signals.Stop);
        try
        {
            await FaultRig.UntilAsync(() => rig.Agent.Ledger.Dropped > 0, "the buffer is past its end");
            await Task.Delay(time / 4);
            rig.CheckBalance();
        }
        finally
        {
            Signals.Send(rig.Aggregator.Id, Signals.Continue);
        }
        TimeSpan live = await rig.UntilLiveAsync();
        FaultReport report = await rig.FinishAsync();
        FaultRig.Check(report.Ledger.Dropped > 0 && report.Ledger.DroppedByReason.Keys.SequenceEqual(["buffer_full"]), $"dropped for another reason: {string.Join(", ", report.Ledger.DroppedByReason)}");
        FaultRig.Check(report.Received == report.Ledger.Acknowledged, $"received is not what was acknowledged: {report}");
        FaultRig.Check(report.Missing <= report.Ledger.Dropped, $"more is missing than was dropped: {report}");
        return $"continued to live {live.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture)} ms; {report}";
    }

    private static async Task<string> ClockSteppedAsync(TimeSpan time)
    {
        SteppedTime clock = new();
        await using FaultRig rig = await FaultRig.StartAsync(options => options.TimeProvider = clock);
        await rig.UntilLiveAsync();
        foreach (int minutes in (int[])[30, -45])
        {
            clock.Step(TimeSpan.FromMinutes(minutes));
            await Task.Delay(time / 4);
            await rig.UntilLiveAsync();
            rig.CheckBalance();
        }
        await FaultRig.UntilAsync(() => Math.Abs(rig.Agent.Ledger.ClockOffset.TotalMinutes - 15) < 0.1, "the agent's estimate has followed the clock");
        TimeSpan offset = rig.Agent.Ledger.ClockOffset;
        // The times ran back, so the order by time is not that of recording.
        FaultReport report = await rig.FinishAsync();
        FaultRig.Check(report.Ledger.Dropped == 0 && report.Missing == 0, $"samples were lost: {report}");
        FaultRig.Check(report.Received == report.Ledger.Acknowledged, $"received is not what was acknowledged: {report}");
        return $"offset estimated {offset.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture)} s of 900; {report}";
    }

    private sealed class SteppedTime : TimeProvider
    {
        private long _ticks;

        public void Step(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Volatile.Read(ref _ticks));
    }
}
