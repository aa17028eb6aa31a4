using System.Globalization;
using Observability.Stress.Processes;

namespace Observability.Stress.Faults;

/// <summary>The faults a disk has a part in: outages longer than memory, and disks that are full.</summary>
internal static class SpillTrials
{
    private const string NoMount = "not run: a small disk cannot be mounted here (Linux, and the right to mount, are needed)";
    private const int MemoryBytes = 65_536;
    private const int SmallDiskBytes = 256 * 1024;
    private const int Fillers = 100;

    public static async Task<string> AggregatorStoppedAsync(TimeSpan time)
    {
        if (OperatingSystem.IsWindows())
        {
            return "not run: there is no SIGSTOP";
        }
        DirectoryInfo directory = Directory.CreateTempSubdirectory("spill-");
        await using FaultRig rig = await StartAsync(directory.FullName);
        Signals.Send(rig.Aggregator.Id, Signals.Stop);
        try
        {
            await SpillForAsync(rig, time);
        }
        finally
        {
            Signals.Send(rig.Aggregator.Id, Signals.Continue);
        }
        TimeSpan live = await rig.UntilLiveAsync();
        FaultReport report = await rig.FinishAsync();
        CheckNothingLost(report);
        FaultRig.Check(report.Received == report.Ledger.Acknowledged, $"received is not what was acknowledged: {report}");
        FaultRig.Check(directory.GetFiles().Length == 0, "the spill file is still there after the stop");
        directory.Delete();
        return Told($"continued to live {Ms(live)} ms", report);
    }

    public static async Task<string> AggregatorKilledAsync(TimeSpan time)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("spill-");
        await using FaultRig rig = await StartAsync(directory.FullName);
        long atKill = rig.Recorded;
        TimeSpan live = await rig.RestartAsync(() => SpillForAsync(rig, time));
        FaultReport report = await rig.FinishAsync();
        FaultRig.Check(report.Ledger.Dropped == 0, $"{report.Ledger.Dropped} samples were dropped: {report}");
        FaultRig.Check(report.Received == report.Ledger.AcknowledgedInServerSession, $"the new aggregator received {report.Received}, acknowledged under its id are {report.Ledger.AcknowledgedInServerSession}");
        FaultRig.Check(report.Stored.Count(value => value > atKill) == report.Recorded - atKill, $"values recorded after the kill are missing: {report}");
        directory.Delete();
        return Told($"restart to live {Ms(live)} ms", report);
    }

    /// <summary>A disk of 256 KB, which the spill fills while the aggregator stands still.</summary>
    public static async Task<string> DiskFullAsync(TimeSpan time)
    {
        using SmallDisk? disk = SmallDisk.TryMount(SmallDiskBytes);
        if (disk is null)
        {
            return NoMount;
        }
        await using FaultRig rig = await StartAsync(disk.Root);
        Signals.Send(rig.Aggregator.Id, Signals.Stop);
        string? fault;
        try
        {
            // The disk, and then the stage of 1 MB.
            await FaultRig.UntilAsync(() => rig.Agent.Ledger.Dropped > 0, "disk and stage are full");
            fault = rig.Agent.SpillFault;
            rig.CheckBalance();
            await Task.Delay(time / 4);
        }
        finally
        {
            Signals.Send(rig.Aggregator.Id, Signals.Continue);
        }
        FaultRig.Check(fault is not null && fault.Contains(disk.Root, StringComparison.Ordinal) && fault.Contains("SPILL_PATH", StringComparison.Ordinal), $"the full disk is not told: '{fault}'");
        TimeSpan live = await rig.UntilLiveAsync();
        await FaultRig.UntilAsync(() => rig.Agent.SpillFault is null, "the spill file is in order again");
        FaultReport report = await rig.FinishAsync();
        FaultRig.Check(report.Ledger.DroppedByReason.Keys.SequenceEqual(["spill_failed"]), $"dropped for another reason: {string.Join(", ", report.Ledger.DroppedByReason)}");
        FaultRig.Check(report.Received == report.Ledger.Acknowledged, $"received is not what was acknowledged: {report}");
        FaultRig.Check(report.Missing > 0 && report.Missing <= report.Ledger.Dropped, $"what is missing is not what was dropped: {report}");
        return Told($"live {Ms(live)} ms", report);
    }

    /// <summary>An aggregator is asked to end, and the disk has no room for its history.</summary>
    public static async Task<string> SnapshotDiskFullAsync(TimeSpan time)
    {
        using SmallDisk? disk = SmallDisk.TryMount(8 * 1024);
        if (disk is null)
        {
            return NoMount;
        }
        await using FaultRig rig = await FaultRig.StartAsync(fillers: Fillers, aggregatorSettings: ("Snapshot__Directory", disk.Root));
        await rig.UntilLiveAsync();
        await Task.Delay(time + TimeSpan.FromSeconds(1));
        long atStop = rig.Recorded;
        int port = rig.Aggregator.Grpc.Port;
        (string output, int exitCode) = await rig.Aggregator.StopAsync();
        FaultRig.Check(exitCode == 0, $"the aggregator ended with {exitCode}");
        string? told = output.Split('\n').FirstOrDefault(line => line.Contains("Cannot write the history", StringComparison.Ordinal));
        FaultRig.Check(told is not null && told.Contains(disk.Root, StringComparison.Ordinal) && told.Contains("Snapshot:Directory", StringComparison.Ordinal), $"the full disk is not told: '{told}' of {output}");
        FaultRig.Check(Directory.GetFiles(disk.Root).Length == 0, "half a file was left behind");
        rig.CheckBalance();
        await rig.Aggregator.DisposeAsync();
        rig.Aggregator = await ServerProcess.StartAggregatorAsync(port, ("Snapshot__Directory", disk.Root));
        TimeSpan live = await rig.UntilLiveAsync();
        FaultReport report = await rig.FinishAsync();
        FaultRig.Check(report.Ledger.Dropped == 0, $"{report.Ledger.Dropped} samples were dropped: {report}");
        FaultRig.Check(report.Received == report.Ledger.AcknowledgedInServerSession, $"the new aggregator received {report.Received}, acknowledged under its id are {report.Ledger.AcknowledgedInServerSession}");
        FaultRig.Check(report.Stored.Count(value => value > atStop) == report.Recorded - atStop, $"values recorded after the stop are missing: {report}");
        return Told($"live {Ms(live)} ms after the start", report);
    }

    private static async Task<FaultRig> StartAsync(string directory)
    {
        FaultRig rig = await FaultRig.StartAsync(
            options => (options.RetainedBytesMax, options.ReplayWindowMs, options.AckTimeoutMs, options.SpillPath) = (MemoryBytes, 0, 1_000, Path.Combine(directory, "agent.spill")),
            fillers: Fillers);
        await rig.UntilLiveAsync();
        await Task.Delay(TimeSpan.FromSeconds(1));
        return rig;
    }

    /// <summary>Until more has been spilled than memory holds ten times over, and so long.</summary>
    private static async Task SpillForAsync(FaultRig rig, TimeSpan time)
    {
        const int SampleBytes = 16;
        await FaultRig.UntilAsync(() => rig.Agent.Ledger.Spilled * SampleBytes > 10 * MemoryBytes, "the outage is longer than memory");
        await Task.Delay(time);
        rig.CheckBalance();
    }

    private static void CheckNothingLost(FaultReport report) =>
        FaultRig.Check(report.Ledger.Dropped == 0 && report.Missing == 0, $"samples were lost although the file holds them: {report}");

    private static string Told(string live, FaultReport report) =>
        string.Create(CultureInfo.InvariantCulture, $"{live}; spilled {report.Ledger.Spilled}; {report}");

    private static string Ms(TimeSpan time) => time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
}
