namespace Aspire.Hosting.Running;

/// <summary>Asks a running resource again and again whether it answers and whether its health checks pass.</summary>
internal sealed class HealthMonitor(Resource resource, TimeProvider time) : IDisposable
{
    /// <summary>A loaded machine answers late now and then: one failure alone says little.</summary>
    public const int FailuresUntilUnhealthy = 3;

    private static readonly TimeSpan IntervalUntilHealthy = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan IntervalWhenHealthy = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(3);

    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = AnswerTimeout };

    /// <summary>Runs until cancelled, or until nothing is left to ask. Tells whether the resource is healthy, first when it answers at
    /// all its ports.</summary>
    public async Task RunAsync(Action<bool> onAnswer, CancellationToken stop)
    {
        while (!await AnswersAsync(stop))
        {
            await Task.Delay(IntervalUntilHealthy, time, stop);
        }
        bool healthy = await IsHealthyAsync(stop);
        onAnswer(healthy);
        int failures = 0;
        while (resource.HealthChecks.Count > 0)
        {
            await Task.Delay(healthy ? IntervalWhenHealthy : IntervalUntilHealthy, time, stop);
            bool passed = await IsHealthyAsync(stop);
            failures = passed ? 0 : failures + 1;
            healthy = passed || (healthy && failures < FailuresUntilUnhealthy);
            onAnswer(healthy);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<bool> IsHealthyAsync(CancellationToken stop)
    {
        foreach (HttpHealthCheck check in resource.HealthChecks)
        {
            if (await AskAsync(new Uri(new Uri(check.Endpoint.Url), check.Path), stop) != check.StatusCode)
            {
                return false;
            }
        }
        return true;
    }

    private async Task<bool> AnswersAsync(CancellationToken stop)
    {
        foreach (EndpointAnnotation endpoint in resource.Endpoints)
        {
            var reference = new EndpointReference(resource, endpoint.Name);
            bool answers = endpoint is { UriScheme: "http", Transport: "http" }
                ? await AskAsync(new Uri(reference.Url), stop) is not null
                : await ConnectsAsync(reference.Port, stop);
            if (!answers)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The status of the answer, or nothing when there was none.</summary>
    private async Task<int?> AskAsync(Uri uri, CancellationToken stop)
    {
        try
        {
            using HttpResponseMessage response = await _client.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, stop);
            return (int)response.StatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !stop.IsCancellationRequested))
        {
            // Not there yet, or too slow: that is the answer.
            return null;
        }
    }

    private static async Task<bool> ConnectsAsync(int port, CancellationToken stop)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("localhost", port, stop);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
