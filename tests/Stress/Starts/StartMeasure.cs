using System.Diagnostics;
using Observability.Stress.Processes;

namespace Observability.Stress.Starts;

/// <summary>One start of a server, until it has answered once. Methods compiled, and how long that took, as the process itself counts them until it tells.</summary>
internal sealed record StartMeasure(double CpuMs, double Ms, double Methods, double CompileMs)
{
    public static async Task<StartMeasure> OfAsync(string[] program, (string Name, string Value)[] environment)
    {
        long startedAt = Stopwatch.GetTimestamp();
        await using ServerProcess server = await ServerProcess.StartAsync(program, environment);
        using HttpResponseMessage answer = await server.Http.GetAsync(new Uri(server.Web, "/health"));
        answer.EnsureSuccessStatusCode();
        double ms = Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds;
        double cpuMs = server.Cpu.TotalMilliseconds;
        string counts = await server.Http.GetStringAsync(server.Metrics);
        return new StartMeasure(
            cpuMs, ms, ServerProcess.Sum(counts, "dotnet_jit_methods_total"), 1000 * ServerProcess.Sum(counts, "dotnet_jit_seconds_total"));
    }
}
