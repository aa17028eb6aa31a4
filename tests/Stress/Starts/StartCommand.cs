using System.Globalization;
using Observability.Stress.Load;
using Observability.Stress.Processes;

namespace Observability.Stress.Starts;

/// <summary>`start`: what a start takes until the first answer, in processor time and by the clock, with and without history to read back, beside an empty ASP.NET app.</summary>
internal static class StartCommand
{
    private const int Agents = 100;

    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        int roundsAt = Array.IndexOf(args, "--rounds");
        int rounds = roundsAt >= 0 ? int.Parse(args[roundsAt + 1], CultureInfo.InvariantCulture) : 5;
        int programAt = Array.IndexOf(args, "--program");
        string aggregator = programAt >= 0 ? Path.GetFullPath(args[programAt + 1]) : "Aggregator.dll";
        DirectoryInfo history = Directory.CreateTempSubdirectory("start-history-");
        try
        {
            long bytes = await FillAsync(aggregator, history.FullName);
            (string Name, string[] Program, (string, string)[] Environment)[] kinds =
            [
                // Compiled as such an app is by default, not as this command is.
                ("empty ASP.NET app", ["Stress.dll", "empty-app"], [("DOTNET_TC_QuickJit", "1"), ("DOTNET_TieredPGO", "1")]),
                ("aggregator", [aggregator], []),
                (string.Create(CultureInfo.InvariantCulture, $"with {bytes / 1048576.0:0.0} MB of 10,000 series"), [aggregator], [("Snapshot__Directory", history.FullName)]),
            ];
            List<StartMeasure>[] measures = [.. kinds.Select(_ => new List<StartMeasure>())];
            for (int round = 0; round < rounds; round++)
            {
                for (int kind = 0; kind < kinds.Length; kind++)
                {
                    measures[kind].Add(await StartMeasure.OfAsync(kinds[kind].Program, kinds[kind].Environment));
                }
            }
            output.WriteLine($"{rounds} starts each, in turn: median (least)");
            output.WriteLine($"{"until the first answer",-36} {"CPU ms",12} {"ms",14} {"methods",8} {"compiling ms",13}");
            for (int kind = 0; kind < kinds.Length; kind++)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{kinds[kind].Name,-36} {Both(measures[kind], one => one.CpuMs),12} {Both(measures[kind], one => one.Ms),14} {Median(measures[kind], one => one.Methods),8:0} {Median(measures[kind], one => one.CompileMs),13:0}"));
            }
            return 0;
        }
        finally
        {
            history.Delete(recursive: true);
        }
    }

    /// <summary>A history of 10,000 series, as an aggregator writes it that is asked to end. Returns its bytes.</summary>
    private static async Task<long> FillAsync(string aggregator, string directory)
    {
        await using ServerProcess server = await ServerProcess.StartAsync(
            [aggregator], ("Snapshot__Directory", directory), ("Ingest__SamplesPerSecondPerKeyMax", "1000000000"));
        LoadShape shape = LoadShape.Saturating.First(one => one.Name == "packed 10 x 100");
        await LoadMeasure.SaturateAsync(server, shape, Agents, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1));
        await server.StopAsync();
        return Directory.GetFiles(directory).Sum(file => new FileInfo(file).Length);
    }

    private static string Both(List<StartMeasure> measures, Func<StartMeasure, double> of) =>
        string.Create(CultureInfo.InvariantCulture, $"{Median(measures, of):0} ({measures.Min(of):0})");

    private static double Median(List<StartMeasure> measures, Func<StartMeasure, double> of) => measures.Select(of).Order().ElementAt(measures.Count / 2);
}
