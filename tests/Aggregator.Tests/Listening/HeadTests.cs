using System.Net;
using Microsoft.AspNetCore.Routing;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Listening;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Listening;

/// <summary>Load balancers and uptime checks ask by HEAD.</summary>
public sealed class HeadTests
{
    [Fact]
    public async Task Head_OfEveryEndpointThatAnswersGet_HasItsStatusAndType()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        RouteEndpoint[] endpoints = [.. aggregator.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(AnswersGet)];
        Assert.True(endpoints.Length >= 10, $"only {endpoints.Length} endpoints");
        foreach (RouteEndpoint endpoint in endpoints)
        {
            string path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/')
                .Replace("{documentName}", "v1", StringComparison.Ordinal).Replace("{id:long}", "1", StringComparison.Ordinal).Replace("{name}", "none", StringComparison.Ordinal);
            HttpClient client = endpoint.Metadata.GetMetadata<ListenerMetadata>()!.Listener == Listener.Metrics ? aggregator.Metrics : aggregator.Web;
            (HttpStatusCode status, string? type, _) = await AskAsync(client, HttpMethod.Get, path);
            Assert.Equal((status, type, 0), await AskAsync(client, HttpMethod.Head, path));
        }
    }

    [Fact]
    public async Task Head_OfHealthWhileDraining_SaysUnavailable()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        aggregator.Get<ServingState>().MoveTo(ServingPhase.Draining);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(aggregator.Web, HttpMethod.Head, "/health")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(aggregator.Web, HttpMethod.Head, "/api/nothing")).Status);
    }

    private static bool AnswersGet(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("GET") == true;

    private static async Task<(HttpStatusCode Status, string? Type, int Bytes)> AskAsync(HttpClient client, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        int bytes = method == HttpMethod.Head ? (await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Length : 0;
        return (response.StatusCode, response.Content.Headers.ContentType?.ToString(), bytes);
    }
}
