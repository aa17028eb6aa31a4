using System.Globalization;
using Observability.Agent;
using Observability.SimAgent.Model;

namespace Observability.SimAgent;

/// <summary>All services and instances of this process, in steps of virtual time.</summary>
internal sealed class Simulation
{
    /// <summary>Virtual time of one step; the same whatever the push interval, so that a seed repeats.</summary>
    public const double StepSeconds = 0.02;

    private readonly List<ServiceModel> _services = [];
    private readonly List<InstanceModel> _instances = [];
    private readonly List<InstanceRecorder> _recorders = [];

    /// <summary>Creates an agent per instance; <paramref name="agentOptions"/> gives a fresh copy of what they share.</summary>
    public Simulation(SimSettings settings, Func<TelemetryAgentOptions> agentOptions)
    {
        foreach (ServiceProfile profile in ServiceProfile.First(settings.Services))
        {
            var service = new ServiceModel(profile, settings);
            _services.Add(service);
            for (int index = 0; index < settings.Instances; index++)
            {
                TelemetryAgentOptions options = agentOptions();
                options.ServiceName = profile.Name;
                options.InstanceId = InstanceId(options.InstanceId, index, settings.Instances);
                options.AggregatorAddress = Rotate(options.AggregatorAddress, _recorders.Count);
                var model = new InstanceModel(service, settings, index, options.InstanceId);
                _instances.Add(model);
                _recorders.Add(new InstanceRecorder(TelemetryAgent.Create(options), model, profile, settings));
            }
        }
    }

    public IEnumerable<TelemetryAgent> Agents => _recorders.Select(recorder => recorder.Agent);

    /// <summary>The id of the process's only instance of a service is the process's own; several get a number.</summary>
    public static string InstanceId(string processId, int index, int count) =>
        count == 1 ? processId : string.Create(CultureInfo.InvariantCulture, $"{processId}-{index + 1}");

    /// <summary>Agents begin at different addresses of the list, so that several aggregators share them.</summary>
    public static string Rotate(string addresses, int by)
    {
        string[] list = addresses.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return list.Length < 2 ? addresses : string.Join(',', list.Skip(by % list.Length).Concat(list.Take(by % list.Length)));
    }

    public void Step()
    {
        foreach (ServiceModel service in _services)
        {
            service.Advance(StepSeconds);
        }
        for (int i = 0; i < _instances.Count; i++)
        {
            _instances[i].Advance(StepSeconds);
            _recorders[i].Record();
        }
    }
}
