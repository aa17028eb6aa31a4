using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Observability.SimAgent;

/// <summary>What is simulated. Each setting is a configuration key: an environment variable, --KEY=value, or appsettings.json.</summary>
internal sealed record SimSettings
{
    /// <summary>SIM_SERVICES: how many different services.</summary>
    public int Services { get; init; } = 3;

    /// <summary>SIM_INSTANCES: instances of each service in this process.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>SIM_METRICS: gauges of each instance beyond those every service has.</summary>
    public int Metrics { get; init; } = 4;

    /// <summary>SIM_RATE: requests per second of an average instance, on the day's average.</summary>
    public double Rate { get; init; } = 40;

    /// <summary>SIM_SEED: the same seed, services and instance ids give the same workload.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>SIM_DAY_SECONDS: how long the waves of a day take.</summary>
    public double DaySeconds { get; init; } = 300;

    /// <summary>SIM_INCIDENT_SECONDS: mean time from one incident of a service to the next.</summary>
    public double IncidentSeconds { get; init; } = 60;

    /// <summary>Short forms for the command line.</summary>
    public static IDictionary<string, string> Switches { get; } = new Dictionary<string, string>
    {
        ["--services"] = "SIM_SERVICES",
        ["--instances"] = "SIM_INSTANCES",
        ["--metrics"] = "SIM_METRICS",
        ["--rate"] = "SIM_RATE",
        ["--seed"] = "SIM_SEED",
        ["--day-seconds"] = "SIM_DAY_SECONDS",
        ["--incident-seconds"] = "SIM_INCIDENT_SECONDS",
        ["--aggregator"] = "AGGREGATOR_ADDR",
        ["--instance"] = "INSTANCE_ID",
    };

    /// <exception cref="FormatException">One line: the key, its value and what is allowed.</exception>
    public static SimSettings Read(IConfiguration configuration)
    {
        var defaults = new SimSettings();
        return new SimSettings
        {
            Services = (int)Number(configuration, "SIM_SERVICES", defaults.Services, 1, Model.ServiceProfile.CountMax, isWhole: true),
            Instances = (int)Number(configuration, "SIM_INSTANCES", defaults.Instances, 1, 100, isWhole: true),
            Metrics = (int)Number(configuration, "SIM_METRICS", defaults.Metrics, 0, 1000, isWhole: true),
            Rate = Number(configuration, "SIM_RATE", defaults.Rate, 0.1, 10_000),
            Seed = (ulong)Number(configuration, "SIM_SEED", defaults.Seed, 0, int.MaxValue, isWhole: true),
            DaySeconds = Number(configuration, "SIM_DAY_SECONDS", defaults.DaySeconds, 10, 86_400),
            IncidentSeconds = Number(configuration, "SIM_INCIDENT_SECONDS", defaults.IncidentSeconds, 15, 86_400),
        };
    }

    private static double Number(IConfiguration configuration, string key, double whenAbsent, double min, double max, bool isWhole = false)
    {
        string? text = configuration[key];
        if (string.IsNullOrWhiteSpace(text))
        {
            return whenAbsent;
        }
        NumberStyles styles = isWhole ? NumberStyles.AllowLeadingSign : NumberStyles.Float;
        if (!double.TryParse(text, styles, CultureInfo.InvariantCulture, out double value) || !(value >= min && value <= max))
        {
            string kind = isWhole ? "a whole number" : "a number";
            throw new FormatException(string.Create(
                CultureInfo.InvariantCulture, $"Cannot start SimAgent: {key} is '{text}', allowed is {kind} from {min} to {max}."));
        }
        return value;
    }
}
