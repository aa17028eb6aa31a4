using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Observability.ServiceDefaults;

namespace ServiceDefaults.Tests;

[Collection(WholeProcess.Name)]
public sealed class ServiceDefaultsRegistrationTests
{
    [Fact]
    public void AddServiceDefaults_WithoutEndpoint_RegistersNothing()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        ServiceDescriptor[] before = [.. builder.Services];

        builder.AddServiceDefaults();

        Assert.Equal(before, builder.Services);
    }

    [Fact]
    public async Task AddServiceDefaults_WithEndpoint_SendsLogsMetricsAndTracesThere()
    {
        await using Collector collector = await Collector.StartAsync();
        await using WebApplication app = await StartAsync(collector, web => web.MapGet("/work", (ILogger<Collector> logger) => Log.Worked(logger)));
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

        await http.GetAsync("/work", TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => collector.Received("/v1/metrics").Contains("dotnet.gc.heap.total_allocated", StringComparison.Ordinal));
        await app.StopAsync(TestContext.Current.CancellationToken);

        // What was not due yet is sent by the last flush.
        Assert.Contains("http.server.request.duration", collector.Received("/v1/metrics"), StringComparison.Ordinal);
        Assert.Contains("Worked well.", collector.Received("/v1/logs"), StringComparison.Ordinal);
        Assert.Contains("GET /work", collector.Received("/v1/traces"), StringComparison.Ordinal);
        Assert.All(["/v1/metrics", "/v1/logs", "/v1/traces"], path => Assert.Contains("sample-service", collector.Received(path), StringComparison.Ordinal));
    }

    [Fact]
    public async Task AddServiceDefaults_ProbesScrapesAndStreams_BecomeNoSpans()
    {
        await using Collector collector = await Collector.StartAsync();
        await using WebApplication app = await StartAsync(collector, web =>
        {
            web.UseWebSockets();
            web.MapGet("/{path}", () => "fine");
            web.MapPost("/telemetry/Exchange", () => "fine");
            web.Map("/ws", async (HttpContext context) =>
            {
                using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            });
        });
        var address = new Uri(app.Urls.Single());
        using var http = new HttpClient { BaseAddress = address };
        foreach (string path in (string[])["/health", "/alive", "/metrics", "/work"])
        {
            await http.GetAsync(path, TestContext.Current.CancellationToken);
        }
        using var message = new ByteArrayContent([]) { Headers = { ContentType = new("application/grpc") } };
        await http.PostAsync("/telemetry/Exchange", message, TestContext.Current.CancellationToken);
        using var viewer = new ClientWebSocket();
        await viewer.ConnectAsync(new Uri($"ws://{address.Authority}/ws"), TestContext.Current.CancellationToken);
        await viewer.ReceiveAsync(new byte[16], TestContext.Current.CancellationToken);
        await viewer.CloseAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
        await app.StopAsync(TestContext.Current.CancellationToken);

        string traces = collector.Received("/v1/traces");
        Assert.Contains(UrlPath("/work"), traces, StringComparison.Ordinal);
        Assert.All(["/health", "/alive", "/metrics", "/ws"], path => Assert.DoesNotContain(UrlPath(path), traces, StringComparison.Ordinal));
        Assert.DoesNotContain("/telemetry/Exchange", traces, StringComparison.Ordinal);
    }

    /// <summary>As protobuf writes it, its length in front: the client's spans, of the same process, name whole addresses.</summary>
    private static string UrlPath(string path) => (char)path.Length + path;

    private static async Task<WebApplication> StartAsync(Collector collector, Action<WebApplication> map)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address;
        builder.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        builder.Configuration["OTEL_METRIC_EXPORT_INTERVAL"] = "100";
        builder.Configuration["OTEL_SERVICE_NAME"] = "sample-service";
        builder.AddServiceDefaults();
        WebApplication app = builder.Build();
        map(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}

internal static partial class Log
{
    [LoggerMessage(LogLevel.Information, "Worked well.")]
    public static partial void Worked(ILogger logger);
}
