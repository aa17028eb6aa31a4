using Observability.SimAgent;
using Observability.SimAgent.Model;

namespace Observability.Agent.Tests.SimAgent;

/// <summary>One step of an instance as a test looks at it.</summary>
internal sealed record ModelStep(ServiceConditions Conditions, SimRequest[] Completed, double PauseMs, int Inflight, bool IsDown, double HeapMb);

/// <summary>Runs the model of one instance in virtual time, without any agent.</summary>
internal static class ModelRun
{
    public static readonly SimSettings Settings = new() { Rate = 60, IncidentSeconds = 40, DaySeconds = 200, Seed = 3 };

    public static List<ModelStep> Of(double seconds, SimSettings? settings = null, string instance = "a", int profile = 0)
    {
        settings ??= Settings;
        var service = new ServiceModel(ServiceProfile.First(profile + 1)[profile], settings);
        var model = new InstanceModel(service, settings, 0, instance);
        var steps = new List<ModelStep>();
        for (int i = 0; i < seconds / Simulation.StepSeconds; i++)
        {
            service.Advance(Simulation.StepSeconds);
            model.Advance(Simulation.StepSeconds);
            steps.Add(new ModelStep(service.Conditions, model.Completed.ToArray(), model.PauseMs, model.Inflight, model.IsDown, model.HeapMb));
        }
        return steps;
    }

    /// <summary>Steps without any incident within two seconds, pause or cold start.</summary>
    public static IEnumerable<ModelStep> Quiet(IEnumerable<ModelStep> steps)
    {
        double deployed = double.NegativeInfinity;
        foreach (ModelStep step in steps)
        {
            Incident incident = step.Conditions.Incident;
            deployed = incident.Kind == IncidentKind.Deploy && step.Conditions.Seconds >= incident.StartSeconds ? step.Conditions.Seconds : deployed;
            if (step.Conditions.Seconds < incident.StartSeconds - 2 && step.Conditions.Seconds > deployed + 20)
            {
                yield return step;
            }
        }
    }

    public static double Median(IEnumerable<double> values) => Quantile(values, 0.5);

    public static double Quantile(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(int)(share * (sorted.Length - 1))];
    }
}
