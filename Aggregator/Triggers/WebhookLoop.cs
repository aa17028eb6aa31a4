using System.Text.Json;

namespace Observability.Aggregator.Triggers;

/// <summary>
/// Delivers messages one after another, each again and again until its webhook has taken it or the attempts are used up. A receiver tells
/// repeated messages apart by firing id and status.
/// </summary>
internal sealed partial class WebhookLoop(
    WebhookQueue queue, TriggerOptions options, TriggerEvents events, TimeProvider time, ILogger<WebhookLoop> logger) : BackgroundService
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromMilliseconds(options.WebhookTimeoutMs) };
        try
        {
            await foreach (WebhookMessage message in queue.Reader.ReadAllAsync(stoppingToken))
            {
                bool delivered = await DeliverAsync(http, message, stoppingToken);
                message.Firing.Delivery = delivered ? DeliveryState.Delivered : DeliveryState.Failed;
                events.Changed();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends: what is still queued is in the history that ends with it.
        }
    }

    private async Task<bool> DeliverAsync(HttpClient http, WebhookMessage message, CancellationToken stoppingToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            string? failure = await TrySendAsync(http, message, stoppingToken);
            if (failure is null)
            {
                events.Counters.OnDelivered();
                return true;
            }
            if (attempt == options.WebhookAttemptsMax)
            {
                events.Counters.OnDeliveryFailed();
                Log.GivenUp(logger, message.Firing.Id, message.Firing.Rule.Definition.Webhook!, attempt, failure);
                return false;
            }
            await Task.Delay(FirstDelay * (1 << (attempt - 1)), time, stoppingToken);
        }
    }

    /// <summary>Null when it was taken, else why not.</summary>
    private static async Task<string?> TrySendAsync(HttpClient http, WebhookMessage message, CancellationToken stoppingToken)
    {
        try
        {
            var body = new { status = message.IsEnd ? "ended" : "firing", firing = FiringReport.Of(message.Firing) };
            using HttpResponseMessage response = await http.PostAsJsonAsync(message.Address, body, Json, stoppingToken);
            return response.IsSuccessStatusCode ? null : $"it answered {(int)response.StatusCode}";
        }
        catch (HttpRequestException failed)
        {
            return failed.Message;
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            return "it did not answer in time";
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Cannot tell firing {FiringId} to webhook '{Webhook}' in {Attempts} attempts: {Failure}. It stays in the history.")]
        public static partial void GivenUp(ILogger logger, long firingId, string webhook, int attempts, string failure);
    }
}
