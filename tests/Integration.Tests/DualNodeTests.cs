using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using Integration.Tests.Prometheus;

namespace Integration.Tests;

/// <summary>The dual-node check: aggregator healthy, both agents connected, the Prometheus target up, the WebSocket streaming what they send.</summary>
public sealed class DualNodeTests(GraphFixture fixture) : GraphTest
{
    private const int AgentProcesses = 2;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Graph_OfTwoNodes_IsHealthyConnectedAndStreaming()
    {
        TestGraph graph = await fixture.GetAsync();
        using HttpClient client = graph.CreateHttpClient();
        using HttpResponseMessage health = await client.GetAsync("/health", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);

        // Each process simulates the same services; its instances carry the replica's id.
        string[] nodes = await Eventually.GetAsync(
            async () => InstancesOf((await graph.StatusAsync()).GetProperty("agents")),
            instances => instances.Length >= AgentProcesses,
            Timeout, "agents of both processes in /api/status");

        if (Promtool.IsInstalled)
        {
            using HttpClient prometheus = graph.CreateHttpClient("prometheus");
            var api = new PrometheusApi(prometheus);
            await Eventually.GetAsync(() => api.QueryAsync("up{job=\"aggregator\"} == 1"), up => up.Count == 1, Timeout, "the aggregator as a target of Prometheus that is up");
        }

        HashSet<string> streamed = await ReadInstancesAsync(graph, nodes);
        Assert.Superset(nodes.ToHashSet(), streamed);
    }

    private static string[] InstancesOf(JsonElement agents) =>
        [.. agents.EnumerateArray().Select(agent => agent.GetProperty("instance").GetString()!).Where(instance => instance != "test-1").Distinct()];

    /// <summary>Reads the JSON stream, which needs no subscription, until every node has been seen with a finite value.</summary>
    private static async Task<HashSet<string>> ReadInstancesAsync(TestGraph graph, string[] wanted)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(Timeout);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(graph.GetEndpoint("http")) { Scheme = "ws", Path = "/ws" }.Uri, timeout.Token);
        var seen = new HashSet<string>();
        byte[] buffer = new byte[4 << 20];
        while (!wanted.All(seen.Contains))
        {
            int length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(buffer.AsMemory(length), timeout.Token);
                length += part.Count;
            }
            while (!part.EndOfMessage);
            Assert.Equal(WebSocketMessageType.Text, part.MessageType);
            using JsonDocument message = JsonDocument.Parse(buffer.AsMemory(0, length));
            if (message.RootElement.GetProperty("type").GetString() != "samples")
            {
                continue;
            }

            foreach (JsonElement sample in message.RootElement.GetProperty("samples").EnumerateArray())
            {
                if (sample.GetProperty("name").GetString() == "rps" && sample.GetProperty("value").ValueKind == JsonValueKind.Number)
                {
                    seen.Add(sample.GetProperty("instance").GetString()!);
                }
            }
        }

        return seen;
    }
}
