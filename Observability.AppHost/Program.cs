using Observability.AppHost;
using Observability.AppHost.Compose;
using Observability.AppHost.Running;

var builder = DistributedApplication.CreateBuilder(args);
// Containers reach the aggregators by host.docker.internal. Aspire's tunnel for them is an image that is pulled and built at the start, which a machine without the internet cannot.
builder.Configuration["ASPIRE_ENABLE_CONTAINER_TUNNEL"] ??= "false";
GraphOptions options;
try
{
    options = GraphOptions.Read(builder.Configuration, builder.ExecutionContext);
    TakenPorts.RefuseAny(builder, options);
}
catch (DistributedApplicationException refusal)
{
    await Console.Error.WriteLineAsync(refusal.Message);
    return 1;
}
builder.AddComposePublisher();
builder.AddRestartOfCrashed();
builder.AddAddressBlock();

var apiKeys = builder.AddOptionalSecret("telemetry-api-keys");

var aggregators = Enumerable.Range(0, options.Aggregators)
    .Select(index => builder.AddAggregator(index, options).WithSecret("TELEMETRY_API_KEYS", apiKeys))
    .ToList();

builder.AddProject<Projects.SimAgent>("sim-agent", launchProfileName: null)
    .WithReferences(aggregators)
    .WithEnvironment("AGGREGATOR_ADDR", Addresses.Join(aggregators, "grpc"))
    .WithSecret("API_KEY", apiKeys)
    .WithReplicas(options.SimAgents)
    .PublishAsOwnService("observability-sim-agent:latest", memory: "256M", processors: "0.5", options.SimAgents)
    .WaitForAll(aggregators);

EndpointReference livePage = aggregators[0].GetEndpoint("http");
if (options.RunDashboard || builder.ExecutionContext.IsPublishMode)
{
    var dashboard = builder.AddViteApp("dashboard", "../dashboard")
        .WithEndpoint("http", endpoint => endpoint.Port = options.DashboardPort)
        .WithUrlForEndpoint("http", url => url.Show("Page", UrlOrder.Page))
        .WithHttpHealthCheck("/")
        .WithReferences(aggregators)
        .WithExternalHttpEndpoints()
        .WaitForAll(aggregators);

    if (builder.ExecutionContext.IsRunMode)
    {
        // Vite serves the page, which connects straight to every aggregator.
        livePage = dashboard.GetEndpoint("http");
        dashboard.WithEnvironment("VITE_AGGREGATORS", Addresses.Join(aggregators, "http"));
        aggregators.ForEach(aggregator => aggregator.WithEnvironment("ALLOWED_ORIGINS", livePage));
    }
    // Published, the aggregator serves the built page itself.
    aggregators.ForEach(aggregator => aggregator.PublishWithContainerFiles(dashboard, "wwwroot"));
}

var prometheus = builder.AddPrometheus(aggregators, options);
builder.AddGrafana(prometheus, aggregators, livePage, options);

// Disposed in any case: temporary directories are removed with the application's services.
await using DistributedApplication app = builder.Build();
await app.RunAsync();
return 0;
