using System.Globalization;
using System.Net.Http.Json;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Hosting.Tests.Testing;

/// <summary>The sample host's graph, started in this process by the testing API.</summary>
internal sealed class SampleGraph : IAsyncDisposable
{
    private readonly IDistributedApplicationTestingBuilder _builder;

    private SampleGraph(IDistributedApplicationTestingBuilder builder, DistributedApplication app, LogCollector logs, CancellationTokenSource deadline)
    {
        _builder = builder;
        App = app;
        Logs = logs;
        Deadline = deadline;
    }

    public DistributedApplication App { get; }

    public LogCollector Logs { get; }

    public CancellationToken Timeout => Deadline.Token;

    private CancellationTokenSource Deadline { get; }

    public static async Task<SampleGraph> StartAsync(params string[] args)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(90));
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Hosting_Sample_Host>(args, deadline.Token);
        var logs = new LogCollector();
        builder.Services.AddLogging(logging => logging.ClearProviders().AddProvider(logs));
        DistributedApplication app = await builder.BuildAsync(deadline.Token);
        await app.StartAsync(deadline.Token);
        return new SampleGraph(builder, app, logs, deadline);
    }

    public async Task<SampleGraph> UntilHealthyAsync(string name = "service")
    {
        await App.ResourceNotifications.WaitForResourceHealthyAsync(name, Timeout);
        return this;
    }

    public async Task<Dictionary<string, string>> EnvironmentOfServiceAsync()
    {
        using HttpClient client = App.CreateHttpClient("service");
        return (await client.GetFromJsonAsync<Dictionary<string, string>>("/environment", Timeout))!;
    }

    public async Task<int> PidOfServiceAsync()
    {
        using HttpClient client = App.CreateHttpClient("service", "http");
        return int.Parse(await client.GetStringAsync("/pid", Timeout), CultureInfo.InvariantCulture);
    }

    public async Task PostAsync(string path)
    {
        using HttpClient client = App.CreateHttpClient("service");
        using HttpResponseMessage response = await client.PostAsync(path, null, Timeout);
        response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        await _builder.DisposeAsync();
        Deadline.Dispose();
    }
}
