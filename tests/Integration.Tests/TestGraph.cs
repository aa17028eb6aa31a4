using System.Diagnostics;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Integration.Tests;

/// <summary>The product's graph, started by its own Program.cs on free ports. Disposing it ends every process of it.</summary>
public sealed class TestGraph : IAsyncDisposable
{
    public static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(120);

    /// <summary>Given before the test's own, which therefore win.</summary>
    private static readonly string[] DefaultArguments =
    [
        "Ports:Grpc=0", "Ports:Http=0", "Ports:Metrics=0", "Ports:Dashboard=0", "Dashboard:Run=off",
        "Ports:Prometheus=0", "Prometheus:Run=off", "Ports:Grafana=0", "Grafana:Run=off",
    ];

    private readonly IDistributedApplicationTestingBuilder _builder;

    private TestGraph(IDistributedApplicationTestingBuilder builder, DistributedApplication app, GraphLogs logs)
    {
        _builder = builder;
        App = app;
        Logs = logs;
    }

    public DistributedApplication App { get; }

    public GraphLogs Logs { get; }

    /// <summary>Starts a graph and waits until its aggregators are healthy.</summary>
    public static async Task<TestGraph> StartAsync(params string[] arguments)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(StartTimeout);
        string[] allArguments = [.. DefaultArguments, .. arguments];
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Observability_AppHost>(allArguments, timeout.Token);
        var logs = new GraphLogs();
        builder.Services.AddLogging(logging => logging.ClearProviders().AddProvider(logs));
        DistributedApplication app = await builder.BuildAsync(timeout.Token);
        var graph = new TestGraph(builder, app, logs);
        GraphTest.Watch(graph);
        try
        {
            await app.StartAsync(timeout.Token);
            foreach (string name in AggregatorNames(builder.Configuration["Aggregators"]))
            {
                await app.ResourceNotifications.WaitForResourceHealthyAsync(name, timeout.Token);
            }
            return graph;
        }
        catch
        {
            await graph.DisposeAsync();
            throw;
        }
    }

    public HttpClient CreateHttpClient(string resourceName = "aggregator", string endpointName = "http") => App.CreateHttpClient(resourceName, endpointName);

    public Uri GetEndpoint(string endpointName, string resourceName = "aggregator") => App.GetEndpoint(resourceName, endpointName);

    /// <summary>What <c>/api/status</c> answers.</summary>
    public async Task<JsonElement> StatusAsync(string resourceName = "aggregator")
    {
        using HttpClient client = CreateHttpClient(resourceName);
        await using Stream body = await client.GetStreamAsync("/api/status", TestContext.Current.CancellationToken);
        using JsonDocument document = await JsonDocument.ParseAsync(body, cancellationToken: TestContext.Current.CancellationToken);
        return document.RootElement.Clone();
    }

    /// <summary>Kills an aggregator as kill -9 does, and returns when it is gone.</summary>
    public async Task KillAggregatorAsync(string resourceName = "aggregator")
    {
        JsonElement status = await StatusAsync(resourceName);
        using var process = Process.GetProcessById(status.GetProperty("pid").GetInt32());
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Starts a resource again, unless the host has done so already, and waits until it is healthy.</summary>
    public async Task StartResourceAsync(string resourceName = "aggregator")
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(StartTimeout);
        await App.ResourceCommands.ExecuteCommandAsync(resourceName, KnownResourceCommands.StartCommand, timeout.Token);
        await App.ResourceNotifications.WaitForResourceHealthyAsync(resourceName, timeout.Token);
    }

    /// <summary>Stops a resource in good order, or does another of <see cref="KnownResourceCommands"/>.</summary>
    public async Task ExecuteAsync(string command, string resourceName = "aggregator")
    {
        ExecuteCommandResult result = await App.ResourceCommands.ExecuteCommandAsync(resourceName, command, TestContext.Current.CancellationToken);
        Assert.True(result.Success, result.Message);
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await _builder.DisposeAsync();
    }

    private static IEnumerable<string> AggregatorNames(string? countText)
    {
        int count = countText is null ? 1 : int.Parse(countText, System.Globalization.CultureInfo.InvariantCulture);
        return Enumerable.Range(1, count).Select(number => number == 1 ? "aggregator" : $"aggregator-{number}");
    }
}
