using Integration.Tests.Prometheus;

[assembly: AssemblyFixture(typeof(Integration.Tests.GraphFixture))]

namespace Integration.Tests;

/// <summary>
/// One graph for all tests that only look at it, with the page's development server and this machine's Prometheus if it has one, started when the
/// first of them asks. A test that kills or configures something starts its own <see cref="TestGraph"/>; one that needs only an aggregator starts
/// an <see cref="AggregatorProcess"/>.
/// </summary>
public sealed class GraphFixture : IAsyncDisposable
{
    private readonly Lazy<Task<TestGraph>> _graph = new(() => TestGraph.StartAsync(["Dashboard:Run=process", .. Promtool.IsInstalled ? ["Prometheus:Run=process"] : Array.Empty<string>()]));

    public async Task<TestGraph> GetAsync()
    {
        TestGraph graph = await _graph.Value;
        GraphTest.Watch(graph);
        return graph;
    }

    public async ValueTask DisposeAsync()
    {
        if (_graph.IsValueCreated)
        {
            TestGraph graph = await _graph.Value;
            await graph.DisposeAsync();
        }
    }
}
