using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Observability.ServiceDefaults;

/// <summary>
/// Holds the providers of OpenTelemetry for the lifetime of the host and flushes them when it stops. It stands in for
/// OpenTelemetry.Extensions.Hosting; .NET's built-in meters and activity sources are subscribed by name, without instrumentation packages.
/// </summary>
internal sealed class OwnTelemetry(IConfiguration configuration, IHostEnvironment environment) : IHostedService, IDisposable
{
    public const string EndpointKey = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private const string ServiceNameKey = "OTEL_SERVICE_NAME";

    private static readonly string[] Meters =
    [
        "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Server.Kestrel",
        "Microsoft.AspNetCore.Routing",
        "System.Net.Http",
        "System.Net.NameResolution",
        "System.Runtime",
    ];

    private static readonly string[] ActivitySources = ["Microsoft.AspNetCore", "System.Net.Http"];

    private MeterProvider? _meterProvider;
    private TracerProvider? _tracerProvider;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // The host's configuration replaces the exporter's own reading of the environment, so that the command line and
        // appsettings.json can set every OTEL_* key too.
        _meterProvider = Sdk.CreateMeterProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
            .ConfigureResource(Describe)
            .AddMeter(Meters)
            .AddOtlpExporter()
            .Build();
        _tracerProvider = Sdk.CreateTracerProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
            .ConfigureResource(Describe)
            .AddSource(ActivitySources)
            .AddOtlpExporter()
            .Build();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _meterProvider?.Dispose();
        _tracerProvider?.Dispose();
        _meterProvider = null;
        _tracerProvider = null;
    }

    private void Describe(ResourceBuilder resource)
    {
        resource.AddService(configuration[ServiceNameKey] ?? environment.ApplicationName, autoGenerateServiceInstanceId: false)
            .AddEnvironmentVariableDetector();
    }
}
