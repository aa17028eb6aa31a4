using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Runtime;

namespace Observability.Benchmarks.Ingest;

/// <summary>
/// `-- ingest`: CPU of the process for a million samples, from message to store, beside a stock implementation in the same run. The two take
/// turns, in short rounds; the median round counts. Garbage collection is part of the CPU time.
/// </summary>
internal static class IngestComparison
{
    private const int Rounds = 9;
    private const int RingSamples = 128;
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(250);

    /// <summary>Only the messages whose name contains <paramref name="filter"/>.</summary>
    public static void Run(TextWriter output, string filter)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{IngestMessages.Agents * IngestMessages.SeriesPerAgent:N0} series with 3 labels of {IngestMessages.Agents} agents, segments of 4 KB, {Environment.ProcessorCount} cores, .NET {Environment.Version}, server GC {GCSettings.IsServerGC}"));
        output.WriteLine($"{"message",-16} {"bytes/sample",12} {"CPU s/M",9} {"stock",9} {"ratio",7} {"B/sample",9} {"stock",9}   samples/s/core");
        foreach (IngestMessages messages in IngestMessages.All().Where(messages => messages.Name.Contains(filter, StringComparison.Ordinal)))
        {
            Compare(messages, output);
        }
    }

    private static void Compare(IngestMessages messages, TextWriter output)
    {
        IIngestSide[] sides = [new AggregatorSide(IngestMessages.Agents, RingSamples), new StockSide(IngestMessages.Agents, RingSamples)];
        List<Measure>[] measures = [[], []];
        foreach (IIngestSide side in Environment.GetEnvironmentVariable("OWN") == "1" ? sides.Take(1) : sides)
        {
            Declare(side, messages);
            // Until every ring has grown and come round, and tiered code has settled.
            while (side.Stored < 2L * RingSamples * IngestMessages.Agents * IngestMessages.SeriesPerAgent)
            {
                Measure(side, messages);
            }
        }
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < (Environment.GetEnvironmentVariable("OWN") == "1" ? 1 : sides.Length); i++)
            {
                measures[i].Add(Measure(sides[i], messages));
            }
        }
        Measure own = Median(measures[0]);
        Measure stock = Environment.GetEnvironmentVariable("OWN") == "1" ? own : Median(measures[1]);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{messages.Name,-16} {messages.BytesPerSample,12:0.0} {own.CpuSecondsPerMillion,9:0.0000} {stock.CpuSecondsPerMillion,9:0.0000} {stock.CpuSecondsPerMillion / own.CpuSecondsPerMillion,6:0.0}x {own.BytesPerSample,9:0.000} {stock.BytesPerSample,9:0}   {1e6 / own.CpuSecondsPerMillion,12:N0}"));
    }

    private static void Declare(IIngestSide side, IngestMessages messages)
    {
        for (int agent = 0; agent < IngestMessages.Agents; agent++)
        {
            if (messages.Declaration is not null)
            {
                // The first batch of a stream names its source.
                side.Apply(agent, new ReadOnlySequence<byte>([.. new Protocol.V1.TelemetryBatch { Service = "checkout", Instance = $"web-{agent}" }.Encode(), .. messages.Declaration]));
            }
        }
    }

    private static Measure Measure(IIngestSide side, IngestMessages messages)
    {
        long stored = side.Stored;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long startedAt = Stopwatch.GetTimestamp();
        int number = 0;
        do
        {
            for (int agent = 0; agent < IngestMessages.Agents; agent++)
            {
                side.Apply(agent, messages.ByAgent[agent][number % messages.ByAgent[agent].Length]);
            }
            number++;
        }
        while (Stopwatch.GetElapsedTime(startedAt) < RoundTime);
        double samples = side.Stored - stored;
        return new Measure(
            (Environment.CpuUsage.TotalTime - cpu).TotalSeconds / samples * 1e6, (GC.GetAllocatedBytesForCurrentThread() - allocated) / samples);
    }

    private static Measure Median(List<Measure> measures) => measures.OrderBy(measure => measure.CpuSecondsPerMillion).ElementAt(measures.Count / 2);

    private static byte[] Encode(this Protocol.V1.TelemetryBatch batch) => Google.Protobuf.MessageExtensions.ToByteArray(batch);
}

internal readonly record struct Measure(double CpuSecondsPerMillion, double BytesPerSample);
