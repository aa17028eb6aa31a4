using Microsoft.Extensions.Configuration;
using Observability.Agent;

namespace Observability.SimAgent;

/// <summary>The agents' options as SimAgent wants them.</summary>
internal static class SimOptions
{
    // SIGTERM to the end of the process in 2 s, of which this is the part for delivering what is left.
    private const int FlushTimeoutMs = 1000;

    public static TelemetryAgentOptions Agent(IConfiguration configuration)
    {
        var options = TelemetryAgentOptions.FromEnvironment(key => configuration[key]);
        // The AppHost hands over what the aggregator has, which may be a list of keys. An agent has one, and a key has no comma.
        options.ApiKey = options.ApiKey.Split(',')[0].Trim();
        if (configuration["FLUSH_TIMEOUT_MS"] is null)
        {
            options.FlushTimeoutMs = FlushTimeoutMs;
        }
        return options;
    }
}
