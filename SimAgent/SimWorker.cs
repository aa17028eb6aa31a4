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
        // A thread that sleeps between steps wakes once for each; a timer and the thread pool wake several times.
        await Task.Factory.StartNew(() => Run(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.WhenAll(simulation.Agents.Select(agent => agent.StopAsync()));
    }

    private void Run(CancellationToken stoppingToken)
    {
        long started = time.GetTimestamp();
        long stepped = 0;
        TimeSpan untilNext = TimeSpan.Zero;
        while (!stoppingToken.WaitHandle.WaitOne(untilNext))
        {
            double elapsedSteps = time.GetElapsedTime(started).TotalSeconds / Simulation.StepSeconds;
            long due = (long)elapsedSteps;
            stepped = Math.Max(stepped, due - StepsBehindMax);
            for (; stepped < due; stepped++)
            {
                simulation.Step();
            }
            untilNext = TimeSpan.FromMilliseconds(Math.Ceiling((due + 1 - elapsedSteps) * Simulation.StepSeconds * 1000));
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
