using Observability.AppHost;

var builder = DistributedApplication.CreateBuilder(args);
GraphOptions options = GraphOptions.Read(builder.Configuration);

builder.AddDockerComposeEnvironment("compose").WithDashboard(false);

var apiKeys = builder.AddParameter("telemetry-api-keys", secret: true);

var aggregators = Enumerable.Range(0, options.Aggregators)
    .Select(index => builder.AddAggregator(index, options).WithEnvironment("TELEMETRY_API_KEYS", apiKeys))
    .ToList();

var agents = builder.AddProject<Projects.SimAgent>("sim-agent", launchProfileName: null)
    .WithEnvironment("AGGREGATOR_ADDR", Addresses.Join(aggregators, "grpc"))
    .WithEnvironment("API_KEY", apiKeys)
    .WithReplicas(options.SimAgents);

var dashboard = builder.AddViteApp("dashboard", "../dashboard")
    .WithEndpoint("http", endpoint => endpoint.Port = options.DashboardPort)
    .WithExternalHttpEndpoints();

foreach (var aggregator in aggregators)
{
    agents.WithReference(aggregator).WaitFor(aggregator);
    dashboard.WithReference(aggregator).WaitFor(aggregator);
    aggregator.PublishWithContainerFiles(dashboard, "wwwroot");
}

if (builder.ExecutionContext.IsRunMode)
{
    // In development the page comes from Vite and connects straight to every aggregator; published, the aggregator serves the page itself.
    dashboard.WithEnvironment("VITE_AGGREGATORS", Addresses.Join(aggregators, "http"));
    aggregators.ForEach(aggregator => aggregator.WithEnvironment("ALLOWED_ORIGINS", dashboard.GetEndpoint("http")));
}

builder.Build().Run();
