namespace Integration.Tests.Page;

/// <summary>A graph with the page's development server, and one Chromium, for the tests of one class. They run one after the other.</summary>
public sealed class PageFixture : IAsyncDisposable
{
    private static readonly TimeSpan AnswerTimeMax = TimeSpan.FromMinutes(3);
    private Task<TestGraph>? _graph;
    private Task<Chromium>? _chromium;

    /// <summary>The graph, once its page answers.</summary>
    public async Task<TestGraph> GraphAsync()
    {
        TestGraph graph = await (_graph ??= StartAsync());
        GraphTest.Watch(graph);
        return graph;
    }

    internal Task<Chromium> ChromiumAsync() => _chromium ??= Chromium.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_chromium is { IsCompletedSuccessfully: true })
        {
            await (await _chromium).DisposeAsync();
        }

        if (_graph is { IsCompletedSuccessfully: true })
        {
            await (await _graph).DisposeAsync();
        }
    }

    private static async Task<TestGraph> StartAsync()
    {
        TestGraph graph = await TestGraph.StartAsync("Dashboard:Run=process");
        using HttpClient page = graph.CreateHttpClient("dashboard");
        await Eventually.GetAsync(() => page.GetAsync("/", TestContext.Current.CancellationToken), answer => answer.IsSuccessStatusCode, AnswerTimeMax, "the page");
        return graph;
    }
}
