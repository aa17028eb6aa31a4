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
}
