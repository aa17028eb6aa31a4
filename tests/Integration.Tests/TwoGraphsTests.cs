using System.Text.Json;

namespace Integration.Tests;

/// <summary>Graphs beside each other, and one that asks for keys.</summary>
[Collection(WholeMachine.Name)]
public sealed class TwoGraphsTests : GraphTest
{
    private const int AgentProcesses = 2;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Graphs_TwoAtOnce_DoNotSeeEachOthersData()
    {
        TestGraph[] graphs = await Task.WhenAll(TestGraph.StartAsync(), TestGraph.StartAsync());
        await using TestGraph first = graphs[0];
        await using TestGraph second = graphs[1];

        string[] ofFirst = await ProcessesAsync(first);
        string[] ofSecond = await ProcessesAsync(second);

        Assert.Empty(ofFirst.Intersect(ofSecond));
        // Still so after both have had time to find the wrong one.
        Assert.Equal(ofFirst, await ProcessesAsync(first));
        Assert.Equal(AgentProcesses, ofFirst.Length);
        Assert.Equal(AgentProcesses, ofSecond.Length);
    }

    [Fact]
    public async Task Graph_SeveralApiKeys_GivesTheAgentsOneOfThem()
    {
        await using TestGraph graph = await TestGraph.StartAsync("Parameters:telemetry-api-keys=first-key,second-key");
        Assert.Equal(AgentProcesses, (await ProcessesAsync(graph)).Length);
    }

    /// <summary>The agents' processes that have sent something.</summary>
    private static async Task<string[]> ProcessesAsync(TestGraph graph) => await Eventually.GetAsync(
        async () => (await graph.StatusAsync()).GetProperty("agents").EnumerateArray()
            .Where(agent => agent.GetProperty("report") is { ValueKind: JsonValueKind.Object } report && report.GetProperty("acknowledged").GetInt64() > 0)
            .Select(agent => agent.GetProperty("instance").GetString()!.Split('-')[0]).Distinct().Order().ToArray(),
        processes => processes.Length >= AgentProcesses,
        Timeout, "samples of both agents' processes");
}
