namespace Integration.Tests.Page;

/// <summary>One Chromium for the tests of one class, and graphs with the page's development server. The tests of a class run one after the other.</summary>
public sealed class PageFixture(GraphFixture shared) : IAsyncDisposable
{
    private Task<TestGraph>? _own;
    private Task<Chromium>? _chromium;

    /// <summary>The graph of all tests that only look, once its page answers.</summary>
    public async Task<TestGraph> SharedGraphAsync() => await UntilPageAnswersAsync(await shared.GetAsync());

    /// <summary>A graph of this class, whose processes may be killed, once its page answers.</summary>
    public async Task<TestGraph> OwnGraphAsync()
    {
        TestGraph graph = await (_own ??= TestGraph.StartAsync("Dashboard:Run=process"));
        GraphTest.Watch(graph);
        return await UntilPageAnswersAsync(graph);
    }

    internal Task<Chromium> ChromiumAsync() => _chromium ??= Chromium.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_chromium is { IsCompletedSuccessfully: true })
        {
            await (await _chromium).DisposeAsync();
        }
        if (_own is { IsCompletedSuccessfully: true })
        {
            await (await _own).DisposeAsync();
        }
    }

    private static async Task<TestGraph> UntilPageAnswersAsync(TestGraph graph)
    {
        await graph.App.ResourceNotifications.WaitForResourceHealthyAsync("dashboard", TestContext.Current.CancellationToken);
        return graph;
    }
}
