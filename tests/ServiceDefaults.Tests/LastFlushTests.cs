using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Observability.ServiceDefaults;

namespace ServiceDefaults.Tests;

/// <summary>Telemetry of our own never holds up a stop, whatever the collector does.</summary>
[Collection(WholeProcess.Name)]
public sealed class LastFlushTests
{
    // What the host needs beside the flush, on a busy machine. One signal after another would take three times the flush, left to itself 15 s.
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(750);

    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task Stop_CollectorThatNeverAnswers_TakesNoLongerThanTheFlush(string protocol)
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        Task<TcpClient> accepted = silent.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask();
        WebApplication app = await StartWithTelemetryAsync(PortOf(silent), protocol);

        TimeSpan elapsed = await TimeAsync(async () =>
        {
            await app.StopAsync(TestContext.Current.CancellationToken);
            await app.DisposeAsync();
        });

        using TcpClient exporter = await accepted.WaitAsync(TestContext.Current.CancellationToken);
        Assert.InRange(elapsed, LastFlush.TimeMax / 2, LastFlush.TimeMax + Slack);
    }

    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task Stop_NothingListening_TakesNoLongerThanTheFlush(string protocol)
    {
        int port;
        using (var closed = new TcpListener(IPAddress.Loopback, 0))
        {
            closed.Start();
            port = PortOf(closed);
        }
        WebApplication app = await StartWithTelemetryAsync(port, protocol);

        TimeSpan elapsed = await TimeAsync(async () =>
        {
            await app.StopAsync(TestContext.Current.CancellationToken);
            await app.DisposeAsync();
        });

        Assert.InRange(elapsed, TimeSpan.Zero, LastFlush.TimeMax + Slack);
    }

    [Fact]
    public async Task Dispose_AfterAStartThatFailed_TakesNoLongerThanTheFlush()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        WebApplication app = Build(PortOf(silent), "http/protobuf", services => services.AddHostedService<Unstartable>());
        await Assert.ThrowsAsync<InvalidOperationException>(() => app.StartAsync(TestContext.Current.CancellationToken));
        Record(app);

        TimeSpan elapsed = await TimeAsync(async () => await app.DisposeAsync());

        Assert.InRange(elapsed, LastFlush.TimeMax / 2, LastFlush.TimeMax + Slack);
    }

    private static async Task<WebApplication> StartWithTelemetryAsync(int port, string protocol)
    {
        WebApplication app = Build(port, protocol, _ => { });
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        await http.GetAsync("/work", TestContext.Current.CancellationToken);
        Record(app);
        return app;
    }

    private static WebApplication Build(int port, string protocol, Action<IServiceCollection> add)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://127.0.0.1:{port}";
        builder.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol;
        builder.AddServiceDefaults();
        add(builder.Services);
        WebApplication app = builder.Build();
        app.MapGet("/work", () => "fine");
        return app;
    }

    private static void Record(WebApplication app) => Log.Worked(app.Logger);

    private static async Task<TimeSpan> TimeAsync(Func<Task> action)
    {
        long start = Stopwatch.GetTimestamp();
        await action();
        return Stopwatch.GetElapsedTime(start);
    }

    private static int PortOf(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    private sealed class Unstartable : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => throw new InvalidOperationException("It does not start.");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
