using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Observability.ServiceDefaults;

/// <summary>What every service of the graph does the same way: its own telemetry, sent by OTLP to whatever address is configured.</summary>
public static class ServiceDefaultsRegistration
{
    /// <summary>
    /// Exports this process's own metrics and traces by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set; without it nothing is
    /// registered and nothing is measured.
    /// </summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        if (!string.IsNullOrWhiteSpace(builder.Configuration[OwnTelemetry.EndpointKey]))
        {
            builder.Services.AddHostedService<OwnTelemetry>();
        }
        return builder;
    }
}
