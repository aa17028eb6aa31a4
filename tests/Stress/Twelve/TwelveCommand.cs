using System.Diagnostics;
using System.Globalization;
using Observability.Stress.Processes;

namespace Observability.Stress.Twelve;

/// <summary>`twelve`: an aggregator and twelve agents with the standard metrics (four SimAgents of three services), and what an agent adds to a process.</summary>
internal static class TwelveCommand
{
    private const int SimAgents = 4;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        TimeSpan time = TimeSpan.FromSeconds(args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 60);
        await using ServerProcess aggregator = await ServerProcess.StartAggregatorAsync(0);
        Process[] simAgents = [.. Enumerable.Range(0, SimAgents).Select(number => StartSimAgent(aggregator, number))];
        try
        {
            await Task.Delay(WarmUp);
            ProcessUse aggregatorBefore = ProcessUse.Of(aggregator.Id);
            ProcessUse[] before = [.. simAgents.Select(process => ProcessUse.Of(process.Id))];
            Stopwatch clock = Stopwatch.StartNew();
            double received = await aggregator.ReadAsync("telemetry_samples_received_total");
            await Task.Delay(time);
            ProcessUse aggregatorAfter = ProcessUse.Of(aggregator.Id);
            ProcessUse[] after = [.. simAgents.Select(process => ProcessUse.Of(process.Id))];
            double seconds = clock.Elapsed.TotalSeconds;
            received = await aggregator.ReadAsync("telemetry_samples_received_total") - received;
            double agents = await aggregator.ReadAsync("telemetry_agents_connected");
            double series = await aggregator.ReadAsync("telemetry_series");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{agents} agents, {series} series, {received / seconds:N0} samples/s, {seconds:0} s"));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"aggregator: {Share(aggregatorBefore, aggregatorAfter, seconds):0.000} core, {aggregatorAfter.Megabytes:0} MB (goals: < 0.1 core, < 100 MB; floor 0.5 core, 150 MB)"));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"SimAgent of three agents: {string.Join(", ", before.Zip(after, (b, a) => Share(b, a, seconds).ToString("0.000", CultureInfo.InvariantCulture)))} core each, {after.Max(use => use.Megabytes):0} MB at most (goal: < 0.05 core)"));
        }
        finally
        {
            foreach (Process process in simAgents)
            {
                process.Kill();
                process.Dispose();
            }
        }
        await AgentFootprint.RunAsync(aggregator.Grpc, output);
        return 0;
    }

    private static double Share(ProcessUse before, ProcessUse after, double seconds) => (after.Cpu - before.Cpu).TotalSeconds / seconds;

    private static Process StartSimAgent(ServerProcess aggregator, int number)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "SimAgent.dll")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["AGGREGATOR_ADDR"] = $"{aggregator.Grpc.Host}:{aggregator.Grpc.Port}";
        start.Environment["INSTANCE_ID"] = $"sim-{number}";
        Process process = Process.Start(start)!;
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null);
        return process;
    }
}
