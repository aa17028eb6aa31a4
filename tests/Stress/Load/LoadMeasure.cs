using System.Diagnostics;
using System.Runtime.InteropServices;
using Observability.Stress.Processes;

namespace Observability.Stress.Load;

/// <summary>What a server took for a load, between two instants.</summary>
internal sealed record LoadMeasure(
    double Seconds, double CpuSeconds, long Samples, long SentSamples, long Messages, long Acks, long BytesSent, double Allocated, double[] Collections, long ResidentBytes,
    double HistorySeconds, double CompileSeconds, long Switches)
{
    private const int PollUs = 100;
    private static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(1);

    public double CpuSecondsPerMillion => CpuSeconds / Samples * 1e6;

    /// <summary>What compresses history and builds rollups, which the stock server does not do, in percent.</summary>
    public double HistoryPercent => HistorySeconds / CpuSeconds * 100;

    /// <summary>Code still being compiled, in percent.</summary>
    public double CompilePercent => CompileSeconds / CpuSeconds * 100;

    public double BytesPerSample => BytesSent / (double)SentSamples;

    public double CpuUsPerMessage => CpuSeconds / Messages * 1e6;

    /// <summary>Each agent sends as fast as the server takes it.</summary>
    public static Task<LoadMeasure> SaturateAsync(ServerProcess server, LoadShape shape, int agents, TimeSpan warmUp, TimeSpan time) =>
        RunAsync(server, shape, agents, warmUp, time, isSaturated: true, (all, _) =>
        {
            foreach (LoadAgent agent in all)
            {
                while (agent.TrySend())
                {
                }
                agent.Pump();
            }
        });

    /// <summary>Each agent sends one message every 20 ms, at an instant of its own.</summary>
    public static Task<LoadMeasure> PaceAsync(ServerProcess server, LoadShape shape, int agents, TimeSpan warmUp, TimeSpan time)
    {
        const double IntervalSeconds = 0.02;
        long turn = 0;
        return RunAsync(server, shape, agents, warmUp, time, isSaturated: false, (all, elapsed) =>
        {
            // Turn n is agent n mod agents; it is due at n / agents intervals.
            for (; turn < elapsed.TotalSeconds / IntervalSeconds * agents; turn++)
            {
                LoadAgent agent = all[(int)(turn % agents)];
                agent.Pump();
                agent.TrySend();
                agent.Pump();
            }
            Sleep();
        });
    }

    private static async Task<LoadMeasure> RunAsync(
        ServerProcess server, LoadShape shape, int agents, TimeSpan warmUp, TimeSpan time, bool isSaturated, Action<LoadAgent[], TimeSpan> pass)
    {
        LoadAgent[] all = [.. Enumerable.Range(0, agents).Select(number => new LoadAgent(server.Grpc, shape, number))];
        try
        {
            Stopwatch clock = Stopwatch.StartNew();
            // Until every ring has come round, and tiered code has settled.
            long samples = 2L * StockStore.RingSamples * agents * LoadShape.SeriesPerAgent;
            TimeSpan readAt = TimeSpan.Zero;
            while (clock.Elapsed < warmUp || (isSaturated && all.Sum(agent => agent.Samples) < samples && clock.Elapsed < 2 * warmUp))
            {
                pass(all, clock.Elapsed);
                if (clock.Elapsed >= readAt)
                {
                    // As Prometheus would; read for the first time at the end, its compilation would be what is measured.
                    await server.Http.GetStringAsync(server.Metrics);
                    readAt = clock.Elapsed + ReadInterval;
                }
            }
            LoadMeasure before = await ReadAsync(server, all, clock);
            TimeSpan end = clock.Elapsed + time;
            while (clock.Elapsed < end)
            {
                pass(all, clock.Elapsed);
            }
            LoadMeasure after = await ReadAsync(server, all, clock);
            await ThrowIfRefusedAsync(server);
            return after.Since(before);
        }
        finally
        {
            Array.ForEach(all, agent => agent.Dispose());
        }
    }

    /// <summary>What is refused costs time too, and would be told as the cost of what was taken.</summary>
    private static async Task ThrowIfRefusedAsync(ServerProcess server)
    {
        double refused = ServerProcess.Sum(await server.Http.GetStringAsync(server.Metrics), "telemetry_samples_rejected_total");
        if (refused > 0)
        {
            throw new InvalidOperationException($"Cannot measure, because the server refused {refused:N0} samples: /api/status tells by which limit; raise it.");
        }
    }

    private static async Task<LoadMeasure> ReadAsync(ServerProcess server, LoadAgent[] agents, Stopwatch clock)
    {
        string text = await server.Http.GetStringAsync(server.Metrics);
        double[] collections = [.. Enumerable.Range(0, 3).Select(generation => ServerProcess.Sum(text, "dotnet_gc_collections_total", $"\"{generation}\""))];
        return new LoadMeasure(
            clock.Elapsed.TotalSeconds, server.Cpu.TotalSeconds, (long)ServerProcess.Sum(text, "telemetry_samples_received_total"), agents.Sum(agent => agent.Samples), agents.Sum(agent => agent.Messages),
            agents.Sum(agent => agent.Acks), agents.Sum(agent => agent.BytesSent), ServerProcess.Sum(text, "dotnet_gc_allocated_bytes_total"), collections, server.ResidentBytes,
            ThreadUse.Seconds(server.Id, "history sealer"), ThreadUse.Seconds(server.Id, ".NET Tiered"), ThreadUse.Switches(server.Id));
    }

    private LoadMeasure Since(LoadMeasure before) => new(
        Seconds - before.Seconds, CpuSeconds - before.CpuSeconds, Samples - before.Samples, SentSamples - before.SentSamples, Messages - before.Messages, Acks - before.Acks, BytesSent - before.BytesSent,
        Allocated - before.Allocated, [.. Collections.Zip(before.Collections, (now, then) => now - then)], ResidentBytes,
        HistorySeconds - before.HistorySeconds, CompileSeconds - (CompileSeconds < before.CompileSeconds ? 0 : before.CompileSeconds),      // its thread ends when nothing is left to do
        Switches - before.Switches);

    private static void Sleep()
    {
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            _ = usleep(PollUs);
        }
        else
        {
            Thread.Sleep(1);
        }
    }

    [DllImport("libc")]
    private static extern int usleep(uint microseconds);
}
