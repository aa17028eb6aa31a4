using System.Globalization;

namespace Observability.Stress.Faults;

/// <summary>`faults`: all trials in their long form, or one by its name.</summary>
internal static class FaultCommand
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        int failed = 0;
        foreach ((string name, Func<TimeSpan, Task<string>> trial) in FaultTrials.All.Where(pair => args.Length == 0 || args.Contains(pair.Key)))
        {
            try
            {
                await output.WriteLineAsync($"{name}: holds; {await trial(Time)}");
            }
            catch (FaultException fault)
            {
                failed++;
                await output.WriteLineAsync($"{name}: FAILS: {fault.Message}");
            }
        }
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{failed} failed"));
        return failed == 0 ? 0 : 1;
    }
}
