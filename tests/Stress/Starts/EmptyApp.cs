using System.Globalization;
using System.Runtime;

namespace Observability.Stress.Starts;

/// <summary>`empty-app`: what the platform itself takes to start: one route, nothing else. It tells when it is ready as the aggregator does.</summary>
internal static class EmptyApp
{
    public static async Task<int> RunAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet("/health", () => "ok");
        app.MapGet("/metrics", () => string.Create(
            CultureInfo.InvariantCulture, $"dotnet_jit_methods_total {JitInfo.GetCompiledMethodCount()}\ndotnet_jit_seconds_total {JitInfo.GetCompilationTime().TotalSeconds}\n"));
        await app.StartAsync();
        string address = app.Urls.First();
        Console.WriteLine($"ready: grpc {address} web {address} metrics {address}/metrics");
        await app.WaitForShutdownAsync();
        return 0;
    }
}
