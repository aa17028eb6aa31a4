using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Observability.ServiceDefaults;

/// <summary>What every service of the graph does the same way: its own telemetry, sent by OTLP to the configured address.</summary>
public static class ServiceDefaultsRegistration
{
    private const string EndpointKey = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>
    /// Exports this process's own logs, metrics and traces by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set. Without it nothing is
    /// registered and nothing is measured. Call it after the logging providers are chosen: clearing them would clear this one too.
    /// </summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration[EndpointKey]))
        {
            return builder;
        }
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });
        builder.Services.AddOpenTelemetry()
            // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over the application's name.
            .ConfigureResource(resource => resource
                .AddService(builder.Environment.ApplicationName, autoGenerateServiceInstanceId: false)
                .AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation())
            .WithTracing(traces => traces
                .AddAspNetCoreInstrumentation(server => server.Filter = TracedRequests.IsTraced)
                .AddHttpClientInstrumentation(client => client.FilterHttpRequestMessage = TracedRequests.IsTraced))
            .UseOtlpExporter();
        builder.Services.AddHostedService<LastFlush>();
        return builder;
    }
}
