namespace Integration.Tests.Page;

/// <summary>One Chromium for the tests of the class; each starts an aggregator of its own, which knows a Grafana.</summary>
public sealed class ScaleFixture : IAsyncDisposable
{
    public const string Grafana = "http://grafana.example:3001";

    private Task<Chromium>? _chromium;

    internal Task<Chromium> ChromiumAsync() => _chromium ??= Chromium.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_chromium is { IsCompletedSuccessfully: true })
        {
            await (await _chromium).DisposeAsync();
        }
    }
}
