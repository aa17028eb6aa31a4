// The graph that Hosting.Tests start: a service, two workers that wait for it, and, when asked for, a page and a container.
var builder = DistributedApplication.CreateBuilder(args);

var secret = builder.AddParameter("secret", secret: true);
int? port = builder.Configuration["Port"] is { } text ? int.Parse(text) : null;

var service = builder.AddProject<Projects.Hosting_Sample_Service>("service", launchProfileName: null)
    .WithHttpEndpoint(port: port, targetPort: port, name: "http", env: "SERVICE_PORT", isProxied: false)
    .WithHttpHealthCheck("/health", endpointName: "http")
    .WithEnvironment("SECRET", secret)
    .WithEnvironment("EXIT_AT_ONCE", builder.Configuration["ServiceExits"]);

builder.AddProject<Projects.Hosting_Sample_Service>("worker", launchProfileName: null)
    .WithReference(service)
    .WithEnvironment("IGNORE_TERM", builder.Configuration["WorkersIgnoreTerm"])
    .WithReplicas(2)
    .WaitFor(service);

if (builder.Configuration["Page"] is { } page)
{
    builder.AddViteApp("page", page)
        .WithEndpoint("http", endpoint => endpoint.Port = builder.Configuration["PagePort"] is { } pagePort ? int.Parse(pagePort) : null)
        .WithReference(service)
        .WaitFor(service);
}

if (builder.Configuration["Container"] is { } image)
{
    builder.AddContainer("tool", image, "1")
        .WithBindMount("page", "/page", isReadOnly: true)
        .WithVolume("tool-data", "/data")
        .WithHttpEndpoint(targetPort: 80)
        .WithEnvironment("SECRET", secret)
        .WithEnvironment("SERVICE", service.GetEndpoint("http"))
        .WithArgs("--from", service.GetEndpoint("http"))
        .WaitFor(service);
}

builder.Build().Run();
