using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Observability.Aggregator.Tests.Triggers;

/// <summary>A webhook of the test's own, which refuses its first messages.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _refusals;

    private WebhookReceiver(WebApplication app, int refusals)
    {
        _app = app;
        _refusals = refusals;
    }

    public string Address => _app.Urls.Single() + "/hook";

    /// <summary>Every message in order, those refused included.</summary>
    public ConcurrentQueue<JsonElement> Messages { get; } = new();

    public static async Task<WebhookReceiver> StartAsync(int refusals = 0)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Critical);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        var receiver = new WebhookReceiver(app, refusals);
        app.MapPost("/hook", (Delegate)receiver.TakeAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task<IResult> TakeAsync(HttpContext context)
    {
        Messages.Enqueue(await context.Request.ReadFromJsonAsync<JsonElement>(context.RequestAborted));
        return Interlocked.Decrement(ref _refusals) >= 0 ? Results.StatusCode(503) : Results.Ok();
    }
}
