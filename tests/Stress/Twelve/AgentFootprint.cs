using System.Diagnostics;
using System.Globalization;
using Observability.Agent;
using Observability.Stress.Processes;

namespace Observability.Stress.Twelve;

/// <summary>
/// What an agent adds to a process: the same program records requests with an agent, and does the same work without one. Both have an HttpClient that has
/// made a request, as services have.
/// </summary>
internal static class AgentFootprint
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(15);

    public static async Task RunAsync(Uri aggregator, TextWriter output)
    {
        using Process without = Start("none");
        using Process with = Start(aggregator.ToString());
        await Task.Delay(Time);
        ProcessUse bare = ProcessUse.Of(without.Id);
        ProcessUse recording = ProcessUse.Of(with.Id);
        without.Kill();
        with.Kill();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"an agent adds {recording.OwnMegabytes - bare.OwnMegabytes:0.0} MB of memory of its own ({recording.Megabytes - bare.Megabytes:0.0} MB with the platform's files, {bare.Megabytes:0.0} to {recording.Megabytes:0.0}) and {(recording.Cpu - bare.Cpu).TotalSeconds / Time.TotalSeconds:0.000} core, its start included, to a process with 1,000 requests/s (goal: 5 MB)"));
    }

    /// <summary>The program that is measured.</summary>
    public static async Task<int> ServeAsync(string address)
    {
        // Something to connect to: the memory of the platform's HTTP client is the service's own, not the agent's.
        using var http = new HttpClient();
        try
        {
            await http.GetAsync(new Uri("http://127.0.0.1:9/"));
        }
        catch (HttpRequestException)
        {
            // Nobody answers; the client is loaded all the same.
        }
        TelemetryAgent? agent = address == "none" ? null : TelemetryAgent.Create(new TelemetryAgentOptions { ServiceName = "footprint", AggregatorAddress = address });
        agent?.Start();
        while (true)
        {
            for (int i = 0; i < 10; i++)
            {
                agent?.RecordRequest(TimeSpan.FromMilliseconds(i));
            }
            Thread.Sleep(10);
        }
    }

    private static Process Start(string address) => Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Stress.dll"), "footprint", address]))!;
}
