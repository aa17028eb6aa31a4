using System.Diagnostics;
using System.Globalization;

namespace Observability.Benchmarks;

/// <summary>
/// `record`: the records of <see cref="AgentRecordBenchmarks"/> in rounds of 4,096, each too short for most of them to be interrupted, so that the
/// median says what a record costs although other programs take the processors.
/// </summary>
internal static class AgentRecordTimes
{
    private const int Rounds = 2000;

    public static void Run(TextWriter output)
    {
        var records = new AgentRecordBenchmarks();
        records.Setup();
        (string Name, Action Act)[] rows =
        [
            ("counter", records.Counter),
            ("counter that threads share", records.SharedCounter),
            ("histogram", records.Histogram),
            ("histogram that threads share", records.SharedHistogram),
            ("gauge, written and read", records.GaugeWrittenAndRead),
            ("gauge that threads share", records.SharedGaugeWrittenAndRead),
            ("counter by name", records.CounterByName),
            ("counter by name, two labels", records.CounterByNameWithTwoLabels),
        ];
        output.WriteLine($"{"ns a record",-30} {"fastest",8} {"median",8}   of {Rounds} rounds");
        foreach ((string name, Action act) in rows)
        {
            double[] nanoseconds = Measure(act);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-30} {nanoseconds[0],8:0.0} {nanoseconds[Rounds / 2],8:0.0}"));
        }
        records.Cleanup();
    }

    private static double[] Measure(Action act)
    {
        var nanoseconds = new double[Rounds];
        for (int warm = 0; warm < Rounds / 4; warm++)
        {
            act();
        }
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            act();
            nanoseconds[round] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / AgentRecordBenchmarks.Records;
        }
        Array.Sort(nanoseconds);
        return nanoseconds;
    }
}
