using Observability.Stress.FanOut;
using Observability.Stress.Faults;
using Observability.Stress.Load;
using Observability.Stress.Rings;
using Observability.Stress.Soak;
using Observability.Stress.Starts;
using Observability.Stress.Twelve;
using Observability.Stress.Wakeups;

namespace Observability.Stress;

/// <summary>What takes minutes: each sub-command is one trial of the real processes. README.md lists them.</summary>
internal static class StressProgram
{
    private const string Usage =
        "Usage: Stress load [--quick] [--own] [--warm SECONDS] [--only NAME] | faults [NAME] | rings [--operations N] | soak [MINUTES] | twelve [SECONDS] | fan-out [--clients 100,500,1000] [--seconds 10] [--beside DLL [--rounds 5]] | wake-ups [--sources 1,2,100,1000] [--seconds 20] [--program DLL] | start [--rounds N] [--program DLL]";

    private static Task<int> Main(string[] args) => args switch
    {
        ["load", .. string[] rest] => LoadCommand.RunAsync(rest, Console.Out),
        ["fan-out", .. string[] rest] => FanOutCommand.RunAsync(rest, Console.Out),
        ["faults", .. string[] rest] => FaultCommand.RunAsync(rest, Console.Out),
        ["rings", .. string[] rest] => Task.FromResult(RingsCommand.Run(rest, Console.Out)),
        ["recording-agent", string address, string instance] => RecordingAgent.RunAsync(address, instance),
        ["soak", .. string[] rest] => SoakCommand.RunAsync(rest, Console.Out),
        ["twelve", .. string[] rest] => TwelveCommand.RunAsync(rest, Console.Out),
        ["footprint", string address] => AgentFootprint.ServeAsync(address),
        ["wake-ups", .. string[] rest] => WakeupsCommand.RunAsync(rest, Console.Out),
        ["start", .. string[] rest] => StartCommand.RunAsync(rest, Console.Out),
        ["empty-app"] => EmptyApp.RunAsync(),
        ["stock-server"] => StockServer.RunAsync(),
        _ => Task.FromResult(Fail(Usage)),
    };

    private static int Fail(string usage)
    {
        Console.Error.WriteLine(usage);
        return 2;
    }
}
