using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Observability.Agent;

namespace Observability.SimAgent;

/// <summary>Runs the simulation in real time until the program is asked to end, then lets the agents deliver what they hold.</summary>
internal sealed partial class SimWorker(Simulation simulation, TimeProvider time, ILogger<SimWorker> logger) : BackgroundService
{
    /// <summary>Steps made up for after a delay; more than this of virtual time is skipped.</summary>
    private const int StepsBehindMax = 25;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (TelemetryAgent agent in simulation.Agents)
        {
            agent.StateChanged += OnStateChanged;
            agent.Start();
        }
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Simulation.StepSeconds), time);
        try
        {
            await RunAsync(timer, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to end.
        }
        await Task.WhenAll(simulation.Agents.Select(agent => agent.StopAsync()));
    }

    private async Task RunAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        long started = time.GetTimestamp();
        long stepped = 0;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            long due = (long)(time.GetElapsedTime(started).TotalSeconds / Simulation.StepSeconds);
            stepped = Math.Max(stepped, due - StepsBehindMax);
            for (; stepped < due; stepped++)
            {
                simulation.Step();
            }
        }
    }

    private void OnStateChanged(object? sender, AgentStateChangedEventArgs change)
    {
        if (change.State is AgentState.Waiting or AgentState.Faulted)
        {
            Log.Trouble(logger, sender, change.Message);
        }
        else
        {
            Log.State(logger, sender, change.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Agent}: {Message}")]
        public static partial void State(ILogger logger, object? agent, string message);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Agent}: {Message}")]
        public static partial void Trouble(ILogger logger, object? agent, string message);
    }
}
