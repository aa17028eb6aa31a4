using System.Globalization;

namespace Observability.Stress.Rings;

/// <summary>`rings`: 10^9 samples written and read, in trials of several seeds.</summary>
internal static class RingsCommand
{
    private const int Trials = 10;
    private const long OperationsDefault = 1_000_000_000;

    public static int Run(string[] args, TextWriter output)
    {
        long operations = args is ["--operations", string count, ..] ? long.Parse(count, CultureInfo.InvariantCulture) : OperationsDefault;
        for (int seed = 1; seed <= Trials; seed++)
        {
            string? failure = new StoreTorture(seed, operations / Trials).Run(TimeSpan.FromMinutes(10), out string summary);
            output.WriteLine(summary);
            if (failure is not null)
            {
                output.WriteLine(failure);
                return 1;
            }
        }
        output.WriteLine("No torn, invented or moved sample.");
        return 0;
    }
}
