using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Routing;
using Observability.Aggregator.Security;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Security;

public sealed class AccessTests
{
    [Fact]
    public async Task Map_EveryEndpoint_NamesAnAccessPolicy()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        RouteEndpoint[] endpoints = [.. aggregator.Get<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>()];
        Assert.True(endpoints.Length >= 5, $"only {endpoints.Length} endpoints are mapped");
        Assert.All(endpoints, endpoint => Assert.NotNull(endpoint.Metadata.GetMetadata<AccessMetadata>()));
        string[] open = [.. endpoints
            .Where(endpoint => endpoint.Metadata.GetMetadata<AccessMetadata>()!.Access == Access.Public)
            .Select(endpoint => endpoint.RoutePattern.RawText!).Order(StringComparer.Ordinal)];
        Assert.Equal(["/alive", "/health", "/{**path}"], open);
    }

    [Fact]
    public async Task View_WhenTokensAreSet_AsksForOneOfThem()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("VIEW_TOKENS=first-token,second-token");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(aggregator, token: null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(aggregator, "first-toke"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(aggregator, "first-token"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(aggregator, "second-token"));
        using HttpResponseMessage health = await aggregator.Web.GetAsync("/health", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public async Task View_WhenRefused_AnswersProblemDetails()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("VIEW_TOKENS=first-token");
        using HttpResponseMessage response = await aggregator.Web.GetAsync("/api/status", TestContext.Current.CancellationToken);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains("Cannot answer without a valid token", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{port}", HttpStatusCode.OK)]
    [InlineData("http://page.example:5173", HttpStatusCode.OK)]
    [InlineData("http://page.example:5174", HttpStatusCode.Forbidden)]
    [InlineData("https://page.example:5173", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    public async Task View_FromAPage_FollowsAllowedOrigins(string origin, HttpStatusCode expected)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("ALLOWED_ORIGINS=http://page.example:5173/");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/status");
        request.Headers.Add("Origin", origin.Replace("{port}", $"{aggregator.WebPort}", StringComparison.Ordinal));
        using HttpResponseMessage response = await aggregator.Web.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(expected, response.StatusCode);

        // A browser shows the answer to the page only with this header; a page that is not listed gets none.
        response.Headers.TryGetValues("Access-Control-Allow-Origin", out IEnumerable<string>? readers);
        Assert.Equal(expected == HttpStatusCode.OK ? request.Headers.GetValues("Origin") : [], readers ?? []);
    }

    [Theory]
    [InlineData("/api/status")]
    [InlineData("/api/samples")]
    [InlineData("/ws")]
    public async Task Preflight_FromAListedPage_IsAnsweredWithoutAToken(string path)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("ALLOWED_ORIGINS=http://page.example:5173", "VIEW_TOKENS=first-token");
        using HttpResponseMessage response = await PreflightAsync(aggregator, path, "http://page.example:5173");
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal("http://page.example:5173", Assert.Single(response.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Contains("authorization", Assert.Single(response.Headers.GetValues("Access-Control-Allow-Headers")), StringComparison.Ordinal);
        Assert.Contains("GET", Assert.Single(response.Headers.GetValues("Access-Control-Allow-Methods")), StringComparison.Ordinal);
        Assert.Contains("Origin", response.Headers.Vary);
        Assert.Equal("", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        // What follows it needs the token all the same.
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(aggregator, token: null));
    }

    [Theory]
    [InlineData("/api/status", "http://page.example:5174", HttpStatusCode.Forbidden)]
    [InlineData("/health", "http://page.example:5173", HttpStatusCode.MethodNotAllowed)]
    [InlineData("/index.html", "http://page.example:5173", HttpStatusCode.MethodNotAllowed)]
    public async Task Preflight_FromOthersOrElsewhere_PermitsNothing(string path, string origin, HttpStatusCode expected)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("ALLOWED_ORIGINS=http://page.example:5173", "VIEW_TOKENS=first-token");
        using HttpResponseMessage response = await PreflightAsync(aggregator, path, origin);
        Assert.Equal(expected, response.StatusCode);
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.False(response.Headers.Contains("Access-Control-Allow-Headers"));
    }

    private static async Task<HttpResponseMessage> PreflightAsync(RunningAggregator aggregator, string path, string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "GET");
        request.Headers.Add("Access-Control-Request-Headers", "authorization");
        return await aggregator.Web.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static async Task<HttpStatusCode> StatusAsync(RunningAggregator aggregator, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/status");
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using HttpResponseMessage response = await aggregator.Web.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }
}
