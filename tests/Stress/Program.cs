using Observability.Stress.FanOut;
using Observability.Stress.Load;

namespace Observability.Stress;

/// <summary>What takes minutes: each sub-command is one trial of the real processes. README.md lists them.</summary>
internal static class StressProgram
{
    private const string Usage = "Usage: Stress load [--quick] [--only NAME] | fan-out [--clients 100,500,1000] [--seconds 10]";

    private static Task<int> Main(string[] args) => args switch
    {
        ["load", .. string[] rest] => LoadCommand.RunAsync(rest, Console.Out),
        ["fan-out", .. string[] rest] => FanOutCommand.RunAsync(rest, Console.Out),
        ["stock-server"] => StockServer.RunAsync(),
        _ => Task.FromResult(Fail(Usage)),
    };

    private static int Fail(string usage)
    {
        Console.Error.WriteLine(usage);
        return 2;
    }
}
