using Observability.Agent;

namespace Observability.Stress.Faults;

/// <summary>An agent in a process of its own, for being killed: it tells each number after it recorded it.</summary>
internal static class RecordingAgent
{
    public static Task<int> RunAsync(string address, string instance)
    {
        TelemetryAgent agent = TelemetryAgent.Create(new TelemetryAgentOptions { ServiceName = "faults", InstanceId = instance, AggregatorAddress = address });
        agent.Start();
        GaugeHandle counted = agent.Gauge(FaultRig.Counted);
        for (long value = 1; ; value++)
        {
            counted.Set(value);
            Console.WriteLine(value);
            Thread.Sleep(4);
        }
    }
}
