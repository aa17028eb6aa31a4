using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Observability.Aggregator.Listening;

namespace Observability.Aggregator.Tests.Diagnostics;

/// <summary>The real program on free ports of the loopback address, in this process.</summary>
internal sealed class RunningAggregator : IAsyncDisposable
{
    private RunningAggregator(WebApplication app)
    {
        App = app;
        BoundPorts ports = app.Services.GetRequiredService<BoundPorts>();
        GrpcPort = ports.Of(Listener.Grpc);
        WebPort = ports.Of(Listener.Web);
        MetricsPort = ports.Of(Listener.Metrics);
        Web = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{WebPort}") };
        Metrics = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{MetricsPort}") };
    }

    public WebApplication App { get; }

    public int GrpcPort { get; }

    public int WebPort { get; }

    public int MetricsPort { get; }

    public HttpClient Web { get; }

    public HttpClient Metrics { get; }

    public T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    /// <summary>Each setting as NAME=value; they go before the environment's.</summary>
    public static async Task<RunningAggregator> StartAsync(params string[] settings)
    {
        // A stop that hangs is to fail the test, one on a busy machine is not.
        string[] args =
        [
            "--GRPC_PORT=0", "--WS_PORT=0", "--METRICS_PORT=0", "--LOG_LEVEL=error", "--Shutdown:StopTimeoutMs=60000", .. settings.Select(setting => "--" + setting),
        ];
        WebApplication app = Program.Build(Program.CreateBuilder(args));
        try
        {
            await app.StartAsync(TestContext.Current.CancellationToken);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
        return new RunningAggregator(app);
    }

    public async ValueTask DisposeAsync()
    {
        Web.Dispose();
        Metrics.Dispose();
        await App.StopAsync(CancellationToken.None);
        await App.DisposeAsync();
    }
}
