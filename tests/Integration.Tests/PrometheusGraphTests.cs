using System.Globalization;
using System.Text.Json;

namespace Integration.Tests;

/// <summary>The graph with this machine's own Prometheus in it.</summary>
[Trait("Needs", "Prometheus")]
public sealed class PrometheusGraphTests : GraphTest
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Graph_PrometheusAsProcess_ScrapesEveryAggregator()
    {
        string[] directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        Assert.SkipUnless(directories.Any(directory => File.Exists(Path.Combine(directory, "prometheus"))),
            "Prometheus is not installed: apt-get install prometheus.");
        await using TestGraph graph = await TestGraph.StartAsync("Aggregators=2", "Prometheus:Run=process");
        await graph.App.ResourceNotifications.WaitForResourceHealthyAsync("prometheus", TestContext.Current.CancellationToken);
        using HttpClient client = graph.CreateHttpClient("prometheus");

        string[] expected = [.. new[] { "aggregator", "aggregator-2" }
            .Select(name => string.Create(CultureInfo.InvariantCulture, $"localhost:{graph.GetEndpoint("metrics", name).Port}")).Order()];
        string[] up = await Eventually.GetAsync(() => InstancesUpAsync(client), up => up.Length == 2, Timeout, "both aggregators as targets that are up");

        Assert.Equal(expected, up);
    }

    private static async Task<string[]> InstancesUpAsync(HttpClient client)
    {
        await using Stream body = await client.GetStreamAsync("/api/v1/query?query=up==1", TestContext.Current.CancellationToken);
        using JsonDocument answer = await JsonDocument.ParseAsync(body, cancellationToken: TestContext.Current.CancellationToken);
        return [.. answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray()
            .Select(series => series.GetProperty("metric").GetProperty("instance").GetString()!).Order()];
    }
}
