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
        string Option(string name, string otherwise) => Array.IndexOf(args, name) is var at and >= 0 ? args[at + 1] : otherwise;
        var plan = new LoadPlan(
            Only: Option("--only", ""),
            OwnOnly: args.Contains("--own"),
            Rounds: int.Parse(Option("--rounds", quick ? "1" : "3"), CultureInfo.InvariantCulture),
            // Less, and half of what is measured is code that is not yet optimised.
            WarmUp: TimeSpan.FromSeconds(double.Parse(Option("--warm", quick ? "3" : "20"), CultureInfo.InvariantCulture)),
            Time: TimeSpan.FromSeconds(quick ? 2 : 5));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores, .NET {Environment.Version}; CPU of the server's process alone, user and system; {plan.Time.TotalSeconds} s each after {plan.WarmUp.TotalSeconds} s, the middle of {plan.Rounds} rounds"));
        await SaturateAsync(plan, output);
        output.WriteLine();
        await PaceAsync(plan, output);
        return 0;
    }

    private static async Task SaturateAsync(LoadPlan plan, TextWriter output)
    {
        LoadShape[] rows = [.. LoadShape.Saturating.Where(shape => shape.Name.Contains(plan.Only, StringComparison.Ordinal))];
        LoadShape[] stockRows = [.. LoadShape.Saturating.Where(shape => rows.Any(row => row.Name == shape.Name || row.InlineName == shape.Name))];
        var rounds = new LoadRounds();
        for (int round = 0; round < plan.Rounds; round++)
        {
            foreach (LoadShape shape in stockRows)
            {
                Task<LoadMeasure> Saturate(ServerProcess server) => LoadMeasure.SaturateAsync(server, shape, 100, plan.WarmUp, plan.Time);
                if (rows.Contains(shape))
                {
                    rounds.Add(shape.Name, stock: false, await OnFreshAsync(stock: false, Saturate));
                }
                if (!plan.OwnOnly)
                {
                    rounds.Add(shape.Name, stock: true, await OnFreshAsync(stock: true, Saturate));
                }
            }
        }
        output.WriteLine($"{"saturated",-16} {"B/sample",8} {"CPU s/M",8} {"history",7} {"compile",7} {"samples/s",12} {"alloc B/msg",11}   {"GC 0/1/2",-10} {"MB",4}");
        foreach (LoadShape shape in rows)
        {
            LoadMeasure own = rounds.Of(shape.Name, stock: false);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{shape.Name,-16} {own.BytesPerSample,8:0.0} {own.CpuSecondsPerMillion,8:0.0000} {own.HistoryPercent,6:0}% {own.CompilePercent,6:0}% {own.Samples / own.Seconds,12:N0} {own.Allocated / own.Messages,11:N0}   {Collections(own),-10} {Megabytes(own),4}"));
            if (plan.OwnOnly)
            {
                continue;
            }
            LoadMeasure stock = rounds.Of(shape.Name, stock: true);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{"  stock",-16} {stock.BytesPerSample,8:0.0} {stock.CpuSecondsPerMillion,8:0.0000} {"",7} {"",7} {stock.Samples / stock.Seconds,12:N0} {stock.Allocated / stock.Messages,11:N0}   {Collections(stock),-10} {Megabytes(stock),4}   {Text(rounds.Ratio(shape.Name, shape.Name, PerSample))} of the same form, {Text(rounds.Ratio(shape.Name, shape.InlineName, PerSample))} of {shape.InlineName}"));
        }
    }

    private static async Task PaceAsync(LoadPlan plan, TextWriter output)
    {
        int[] rows = [.. PacedAgents.Where(agents => Name(agents).Contains(plan.Only, StringComparison.Ordinal))];
        var rounds = new LoadRounds();
        for (int round = 0; round < plan.Rounds; round++)
        {
            foreach (int agents in rows)
            {
                Task<LoadMeasure> Pace(ServerProcess server) => LoadMeasure.PaceAsync(server, LoadShape.Paced, agents, plan.WarmUp, plan.Time);
                rounds.Add(Name(agents), stock: false, await OnFreshAsync(stock: false, Pace));
                if (!plan.OwnOnly)
                {
                    rounds.Add(Name(agents), stock: true, await OnFreshAsync(stock: true, Pace));
                }
            }
        }
        output.WriteLine($"{"every 20 ms",-16} {"B/sample",8} {"us/msg",8} {"history",7} {"compile",7} {"switches",8} {"messages/s",12} {"msgs/ack",8} {"alloc B/msg",11}   {"GC 0/1/2",-10} {"MB",4}");
        foreach (int agents in rows)
        {
            Print(Name(agents), rounds.Of(Name(agents), stock: false), "");
            if (!plan.OwnOnly)
            {
                Print("  stock", rounds.Of(Name(agents), stock: true), Text(rounds.Ratio(Name(agents), Name(agents), measure => measure.CpuUsPerMessage)));
            }
        }

        void Print(string name, LoadMeasure measure, string ratio) => output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-16} {measure.BytesPerSample,8:0.0} {measure.CpuUsPerMessage,8:0.0} {measure.HistoryPercent,6:0}% {measure.CompilePercent,6:0}% {measure.Switches / (double)measure.Messages,8:0.0} {measure.Messages / measure.Seconds,12:N0} {measure.Messages / (double)measure.Acks,8:0.0} {measure.Allocated / measure.Messages,11:N0}   {Collections(measure),-10} {Megabytes(measure),4}   {ratio}"));
    }

    private static double PerSample(LoadMeasure measure) => measure.CpuSecondsPerMillion;

    private static string Name(int agents) => $"paced {agents} agents";

    private static string Text((double Low, double Middle, double High) ratio) =>
        string.Create(CultureInfo.InvariantCulture, $"{ratio.Middle:0.0}x ({ratio.Low:0.0}-{ratio.High:0.0})");

    /// <summary>Each measurement has a process of its own: what one left in memory is not the next one's burden.</summary>
    private static async Task<LoadMeasure> OnFreshAsync(bool stock, Func<ServerProcess, Task<LoadMeasure>> measure)
    {
        await using ServerProcess server = stock
            ? await ServerProcess.StartAsync(["Stress.dll", "stock-server"], ("DOTNET_gcServer", "1"))
            : await ServerProcess.StartAggregatorAsync(
                0, ("Storage__RingSamplesMax", StockStore.RingSamples.ToString(CultureInfo.InvariantCulture)),
                // Past the default the aggregator refuses what comes too fast, and refusals would be measured.
                ("Ingest__SamplesPerSecondPerKeyMax", "1000000000"));
        return await measure(server);
    }

    private static string Collections(LoadMeasure measure) => string.Join('/', measure.Collections.Select(count => count.ToString(CultureInfo.InvariantCulture)));

    private static long Megabytes(LoadMeasure measure) => measure.ResidentBytes / (1024 * 1024);
}

/// <summary>What of it to run, how often and how long.</summary>
internal sealed record LoadPlan(string Only, bool OwnOnly, int Rounds, TimeSpan WarmUp, TimeSpan Time);
