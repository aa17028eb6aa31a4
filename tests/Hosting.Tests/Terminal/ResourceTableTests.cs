using Aspire.Hosting.Running;
using Aspire.Hosting.Terminal;
using Hosting.Tests.Model;

namespace Hosting.Tests.Terminal;

public sealed class ResourceTableTests : IDisposable
{
    private readonly Resource _service;
    private readonly PortAllocation _ports;

    public ResourceTableTests()
    {
        IDistributedApplicationBuilder builder = GraphBuilder.Create();
        _service = builder.AddSample("service").WithHttpEndpoint(port: 61020, isProxied: false).WithHttpEndpoint(port: 61021, name: "web", isProxied: false).Resource;
        _ports = new PortAllocation(builder.Resources, randomizePorts: false);
    }

    public void Dispose() => _ports.Dispose();

    [Fact]
    public void Format_ResourceThatAnswers_ShowsItsAddresses()
    {
        IReadOnlyList<string> table = ResourceTable.Format([Event(new() { State = "Running", Answers = true, Healthy = true })], 200);
        Assert.Equal("  RESOURCE  STATE    ADDRESS", table[0]);
        Assert.Equal("  service   Running  http http://localhost:61020  web http://localhost:61021", table[1]);
    }

    [Fact]
    public void Format_ResourceThatDoesNotAnswerYet_ShowsNoAddress()
    {
        IReadOnlyList<string> table = ResourceTable.Format([Event(new() { State = "Running", Healthy = true })], 200);
        Assert.Equal("  service   Running (does not answer yet)", table[1]);
    }

    [Fact]
    public void Format_NarrowTerminal_CutsLines()
    {
        IReadOnlyList<string> table = ResourceTable.Format([Event(new() { State = "Running", Answers = true, Healthy = true })], 30);
        Assert.All(table, line => Assert.True(line.Length <= 30, line));
    }

    [Fact]
    public void Format_ResourceThatIsNotRun_ShowsTheReasonInPlaceOfAnAddress()
    {
        IReadOnlyList<string> table = ResourceTable.Format([Event(new() { State = "Off: no engine answers; start one", IsCustom = true })], 200);
        Assert.Equal("  service   Off    no engine answers; start one", table[1]);
    }

    [Theory]
    [InlineData("Waiting", "for aggregator", false, "Waiting for aggregator")]
    [InlineData("Finished", "ended with exit code 3", true, "Finished: ended with exit code 3, starts again")]
    [InlineData("FailedToStart", "Cannot start it, because of a reason that is told in a whole sentence.", false, "FailedToStart")]
    public void DescribeState_OtherStates_SaysWhyIfShort(string state, string detail, bool willRestart, string expected)
    {
        Assert.Equal(expected, ResourceTable.DescribeState(new() { State = state, Detail = detail, WillRestart = willRestart }));
    }

    private ResourceEvent Event(ResourceSnapshot snapshot) => new(_service, _service.Name, snapshot);
}
