using System.Globalization;
using Observability.Stress.Processes;

namespace Observability.Stress.Load;

/// <summary>`load`: what ingestion costs the aggregator's process, beside the stock implementation in the same run.</summary>
internal static class LoadCommand
{
    private static readonly int[] PacedAgents = [10, 100, 500];

    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        bool quick = args.Contains("--quick");
        bool ownOnly = args.Contains("--own");
        int onlyAt = Array.IndexOf(args, "--only");
        string only = onlyAt >= 0 ? args[onlyAt + 1] : "";
        // Less, and half of what is measured is code that is not yet optimised.
        int warmAt = Array.IndexOf(args, "--warm");
        TimeSpan warmUp = TimeSpan.FromSeconds(warmAt >= 0 ? double.Parse(args[warmAt + 1], CultureInfo.InvariantCulture) : quick ? 3 : 10);
        TimeSpan time = TimeSpan.FromSeconds(quick ? 2 : 5);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores, .NET {Environment.Version}; CPU of the server's process alone, user and system; {time.TotalSeconds} s each after {warmUp.TotalSeconds} s"));
        await SaturateAsync(new LoadPlan(only, ownOnly, warmUp, time), output);
        output.WriteLine();
        await PaceAsync(new LoadPlan(only, ownOnly, warmUp, time), output);
        return 0;
    }

    private static async Task SaturateAsync(LoadPlan plan, TextWriter output)
    {
        output.WriteLine($"{"saturated",-16} {"B/sample",8} {"CPU s/M",9} {"history",7} {"compile",7} {"stock",9} {"ratio",6} {"inline",9} {"ratio",6} {"samples/s",12} {"stock",12} {"alloc B/msg",11} {"stock",9}   GC 0/1/2      stock   MB stock");
        Dictionary<string, LoadMeasure> stocks = [];
        foreach (LoadShape shape in LoadShape.Saturating.Where(shape => shape.Name.Contains(plan.Only, StringComparison.Ordinal)))
        {
            LoadMeasure own = await OnFreshAsync(stock: false, server => LoadMeasure.SaturateAsync(server, shape, 100, plan.WarmUp, plan.Time));
            LoadMeasure stock = await StockAsync(shape);
            LoadMeasure inline = await StockAsync(LoadShape.Saturating.First(other => other.Name == shape.InlineName));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{shape.Name,-16} {own.BytesPerSample,8:0.0} {own.CpuSecondsPerMillion,9:0.0000} {own.HistoryPercent,6:0}% {own.CompilePercent,6:0}% {stock.CpuSecondsPerMillion,9:0.0000} {stock.CpuSecondsPerMillion / own.CpuSecondsPerMillion,5:0.0}x {inline.CpuSecondsPerMillion,9:0.0000} {inline.CpuSecondsPerMillion / own.CpuSecondsPerMillion,5:0.0}x {own.Samples / own.Seconds,12:N0} {stock.Samples / stock.Seconds,12:N0} {own.Allocated / own.Messages,11:N0} {stock.Allocated / stock.Messages,9:N0}   {Collections(own),-10} {Collections(stock),10} {Megabytes(own),4} {Megabytes(stock),5}"));

            async Task<LoadMeasure> StockAsync(LoadShape form)
            {
                if (plan.OwnOnly)
                {
                    return own;
                }
                if (!stocks.TryGetValue(form.Name, out LoadMeasure? measured))
                {
                    measured = await OnFreshAsync(stock: true, server => LoadMeasure.SaturateAsync(server, form, 100, plan.WarmUp, plan.Time));
                    stocks.Add(form.Name, measured);
                }
                return measured;
            }
        }
    }

    private static async Task PaceAsync(LoadPlan plan, TextWriter output)
    {
        output.WriteLine($"{"paced at 20 ms",-16} {"agents",6} {"B/sample",8} {"CPU us/msg",10} {"stock",7} {"ratio",6} {"history",7} {"compile",7} {"switches",8} {"stock",6} {"messages/s",11} {"stock",9} {"msgs/ack",8} {"alloc B/msg",11} {"stock",9}   GC 0/1/2      stock   MB stock");
        foreach (int agents in PacedAgents.Where(agents => $"paced {agents}".Contains(plan.Only, StringComparison.Ordinal)))
        {
            LoadMeasure own = await OnFreshAsync(stock: false, server => LoadMeasure.PaceAsync(server, LoadShape.Paced, agents, plan.WarmUp, plan.Time));
            LoadMeasure stock = plan.OwnOnly ? own : await OnFreshAsync(stock: true, server => LoadMeasure.PaceAsync(server, LoadShape.Paced, agents, plan.WarmUp, plan.Time));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{LoadShape.Paced.Name,-16} {agents,6} {own.BytesPerSample,8:0.0} {own.CpuUsPerMessage,10:0.0} {stock.CpuUsPerMessage,7:0.0} {stock.CpuUsPerMessage / own.CpuUsPerMessage,5:0.0}x {own.HistoryPercent,6:0}% {own.CompilePercent,6:0}% {own.Switches / (double)own.Messages,8:0.0} {stock.Switches / (double)stock.Messages,6:0.0} {own.Messages / own.Seconds,11:N0} {stock.Messages / stock.Seconds,9:N0} {own.Messages / (double)own.Acks,8:0.0} {own.Allocated / own.Messages,11:N0} {stock.Allocated / stock.Messages,9:N0}   {Collections(own),-10} {Collections(stock),10} {Megabytes(own),4} {Megabytes(stock),5}"));
        }
    }

    /// <summary>Each measurement has a process of its own: what one left in memory is not the next one's burden.</summary>
    private static async Task<LoadMeasure> OnFreshAsync(bool stock, Func<ServerProcess, Task<LoadMeasure>> measure)
    {
        await using ServerProcess server = stock
            ? await ServerProcess.StartAsync(["Stress.dll", "stock-server"], ("DOTNET_gcServer", "1"))
            : await ServerProcess.StartAggregatorAsync(0, ("Storage__RingSamplesMax", StockStore.RingSamples.ToString(CultureInfo.InvariantCulture)));
        return await measure(server);
    }

    private static string Collections(LoadMeasure measure) => string.Join('/', measure.Collections.Select(count => count.ToString(CultureInfo.InvariantCulture)));

    private static long Megabytes(LoadMeasure measure) => measure.ResidentBytes / (1024 * 1024);
}

/// <summary>What of it to run, and how long.</summary>
internal sealed record LoadPlan(string Only, bool OwnOnly, TimeSpan WarmUp, TimeSpan Time);
