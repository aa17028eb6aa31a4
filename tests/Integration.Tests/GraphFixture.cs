using Integration.Tests.Prometheus;

[assembly: AssemblyFixture(typeof(Integration.Tests.GraphFixture))]

namespace Integration.Tests;

/// <summary>
/// One graph for all tests that only look at it, with this machine's Prometheus if it has one, started when the first of them asks. A test that kills or configures something starts
/// its own <see cref="TestGraph"/>.
/// </summary>
public sealed class GraphFixture : IAsyncDisposable
{
    private readonly Lazy<Task<TestGraph>> _graph = new(() => TestGraph.StartAsync(Promtool.IsInstalled ? ["Prometheus:Run=process"] : []));

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
