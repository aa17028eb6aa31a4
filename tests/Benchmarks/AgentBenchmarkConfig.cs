using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Observability.Benchmarks;

/// <summary>Short runs inside this process: the generated project of the default runner does not build under central package versions.</summary>
internal sealed class AgentBenchmarkConfig : ManualConfig
{
    public AgentBenchmarkConfig() => AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
}
