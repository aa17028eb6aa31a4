using System.Globalization;
using Observability.Stress.Processes;

namespace Observability.Stress.Faults;

/// <summary>The faults a disk has a part in.</summary>
internal static class DiskTrials
{
    private const string NoMount = "not run: a small disk cannot be mounted here (Linux, and the right to mount, are needed)";
    private const int Fillers = 100;

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
        return string.Create(CultureInfo.InvariantCulture, $"live {live.TotalMilliseconds:0} ms after the start; {report}");
    }
}
