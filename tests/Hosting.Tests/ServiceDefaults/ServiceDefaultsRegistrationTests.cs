using Aspire.Hosting.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Observability.ServiceDefaults;

namespace Hosting.Tests.ServiceDefaults;

public sealed class ServiceDefaultsRegistrationTests
{
    [Fact]
    public void AddServiceDefaults_WithoutEndpoint_RegistersNothing()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.AddServiceDefaults();
        Assert.DoesNotContain(builder.Services, service => service.ServiceType == typeof(IHostedService));
    }

    [Fact]
    public async Task AddServiceDefaults_WithEndpoint_ExportsBuiltInMetersThere()
    {
        var received = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var seen = new System.Collections.Concurrent.ConcurrentQueue<string>();
        int port = FreePorts.Take();
        WebApplicationBuilder collectorBuilder = WebApplication.CreateSlimBuilder();
        collectorBuilder.Logging.ClearProviders();
        collectorBuilder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        await using WebApplication collector = collectorBuilder.Build();
        collector.MapPost("/v1/metrics", async (HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body, System.Text.Encoding.Latin1);
            string body = await reader.ReadToEndAsync();
            seen.Enqueue(body);
            // Each meter comes when it first has something to tell.
            if (body.Contains("System.Runtime", StringComparison.Ordinal))
            {
                received.TrySetResult(body);
            }
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);

        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://127.0.0.1:{port}";
        builder.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        builder.Configuration["OTEL_METRIC_EXPORT_INTERVAL"] = "100";
        builder.Configuration["OTEL_SERVICE_NAME"] = "sample-service";
        builder.AddServiceDefaults();
        using IHost host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);

        Task done = await Task.WhenAny(received.Task, Task.Delay(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.True(done == received.Task, string.Join("\n---\n", seen));
        string body = await received.Task;
        await host.StopAsync(TestContext.Current.CancellationToken);

        Assert.Contains("sample-service", body, StringComparison.Ordinal);
    }
}
