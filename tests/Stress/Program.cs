using Observability.Stress.FanOut;
using Observability.Stress.Faults;
using Observability.Stress.Load;

namespace Observability.Stress;

/// <summary>What takes minutes: each sub-command is one trial of the real processes. README.md lists them.</summary>
internal static class StressProgram
{
    private const string Usage = "Usage: Stress load [--quick] [--only NAME] | faults [NAME] | fan-out [--clients 100,500,1000] [--seconds 10]";

    private static Task<int> Main(string[] args) => args switch
    {
        ["load", .. string[] rest] => LoadCommand.RunAsync(rest, Console.Out),
        ["fan-out", .. string[] rest] => FanOutCommand.RunAsync(rest, Console.Out),
        ["faults", .. string[] rest] => FaultCommand.RunAsync(rest, Console.Out),
        ["recording-agent", string address, string instance] => RecordingAgent.RunAsync(address, instance),
        ["stock-server"] => StockServer.RunAsync(),
        _ => Task.FromResult(Fail(Usage)),
    };

    private static int Fail(string usage)
    {
        Console.Error.WriteLine(usage);
        return 2;
    }
}
