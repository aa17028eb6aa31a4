using System.Net;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Listening;

public sealed class ListenerMatcherPolicyTests
{
    [Fact]
    public async Task Apply_WhenTheEndpointIsOfAnotherPort_IsNotFound()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        var cancellation = TestContext.Current.CancellationToken;
        Assert.Equal(HttpStatusCode.OK, (await aggregator.Web.GetAsync("/api/status", cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await aggregator.Metrics.GetAsync("/api/status", cancellation)).StatusCode);
    }

    /// <summary>gRPC answers for every unknown path of its own port, and for none of the others.</summary>
    [Fact]
    public async Task Apply_WhenNoEndpointHasThePath_IsNotFound()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using var content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.NotFound, (await aggregator.Metrics.PostAsync("/api/nothing", content, TestContext.Current.CancellationToken)).StatusCode);
    }
}
