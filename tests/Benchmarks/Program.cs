using BenchmarkDotNet.Running;
using Observability.Benchmarks.Ingest;
using Observability.Benchmarks.Scrape;

namespace Observability.Benchmarks;

internal static class BenchmarkProgram
{
    private static void Main(string[] args)
    {
        if (args is ["ingest", ..])
        {
            IngestComparison.Run(Console.Out, args.ElementAtOrDefault(1) ?? "");
            return;
        }
        if (args is ["memory", ..])
        {
            Storage.MemoryReport.Run(Console.Out);
            return;
        }
        if (args is ["seal", ..])
        {
            Storage.SealCost.Run(Console.Out);
            return;
        }
        if (args is ["query", ..])
        {
            Storage.QueryTimes.Run(Console.Out);
            return;
        }
        if (args is ["rings", ..])
        {
            Rings.RingComparison.Run(Console.Out);
            return;
        }
        if (args is ["scrape"])
        {
            ScrapeCost.Run(Console.Out);
            return;
        }
        if (args is ["record"])
        {
            AgentRecordTimes.Run(Console.Out);
            return;
        }
        BenchmarkSwitcher.FromAssembly(typeof(BenchmarkProgram).Assembly).Run(args);
    }
}
