using System.Text.Json;
using Integration.Tests.Clients;

namespace Integration.Tests;

/// <summary>Clients of other languages, from the .proto file alone, against the running aggregator.</summary>
public sealed class ForeignClientTests(ForeignClientTests.KeyedAggregator aggregator) : IClassFixture<ForeignClientTests.KeyedAggregator>
{
    private const string ApiKey = "integration-test-key";
    private static readonly string[] Services = ["telemetry.v1.TelemetryIngestor", "grpc.health.v1.Health"];
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GrpcJs_EveryScenario_GetsItsAckOrItsStatus() =>
        AssertScenarios(await ForeignClient.RunNodeAsync(aggregator.Address, ApiKey, "foreign-node", Ct), "foreign-node");

    [Fact]
    public async Task PythonGrpcio_EveryScenario_GetsItsAckOrItsStatus()
    {
        Assert.SkipUnless(ForeignClient.HasPython, "Python's grpcio or protoc is not on this machine; eng/test.sh installs them on Debian.");
        AssertScenarios(await ForeignClient.RunPythonAsync(aggregator.Address, ApiKey, "foreign-python", Ct), "foreign-python");
    }

    [Fact]
    public async Task JavaScriptSnippet_OfTheDocumentation_Sends() =>
        Assert.Contains("received 500, rejected 0", await ForeignClient.RunNodeSnippetAsync(aggregator.Address, ApiKey, Ct), StringComparison.Ordinal);

    [Fact]
    public async Task PythonSnippet_OfTheDocumentation_Sends()
    {
        Assert.SkipUnless(ForeignClient.HasPython, "Python's grpcio or protoc is not on this machine; eng/test.sh installs them on Debian.");
        Assert.Contains("received 500, rejected 0", await ForeignClient.RunPythonSnippetAsync(aggregator.Address, ApiKey, Ct), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("send.py")]
    [InlineData("send.mjs")]
    public void Usage_ShowsTheSnippet_ThatTheTestsRun(string file)
    {
        string usage = File.ReadAllText(Path.Combine(ForeignClient.Root, "docs", "usage.md"));

        Assert.Contains(File.ReadAllText(Path.Combine(ForeignClient.Root, "docs", "clients", file)).Trim(), usage, StringComparison.Ordinal);
    }

    private void AssertScenarios(IReadOnlyDictionary<string, JsonElement> scenarios, string service)
    {
        Assert.Equal("OK", Code("stream"));
        Assert.Equal("30", scenarios["stream"].GetProperty("ack").GetProperty("received").GetString());
        Assert.Equal("0", scenarios["stream"].GetProperty("ack").GetProperty("rejected").GetString());
        Assert.Equal("OK", Code("gzip"));
        Assert.Equal("50", scenarios["gzip"].GetProperty("ack").GetProperty("received").GetString());

        Assert.Equal("OK", Code("exchange"));
        JsonElement[] acks = [.. scenarios["exchange"].GetProperty("acks").EnumerateArray()];
        Assert.Equal("20", acks[^1].GetProperty("sequence").GetString());
        Assert.Equal(20, acks.Sum(ack => long.Parse(ack.GetProperty("received").GetString()!)));

        Assert.Equal("UNAUTHENTICATED", Code("wrong_key"));
        Assert.Equal("UNAUTHENTICATED", Code("missing_key"));
        Assert.Equal("RESOURCE_EXHAUSTED", Code("oversized"));
        Assert.Equal("INVALID_ARGUMENT", Code("malformed"));
        Assert.Contains("metrics[0]", scenarios["malformed"].GetProperty("details").GetString(), StringComparison.Ordinal);
        Assert.Equal("UNIMPLEMENTED", Code("unknown_method"));
        Assert.Equal("DEADLINE_EXCEEDED", Code("deadline"));
        Assert.Equal("ALREADY_EXISTS", Code("second_session"));
        Assert.Equal("OK", scenarios["second_session"].GetProperty("first").GetString());
        Assert.Equal("SERVING", scenarios["health"].GetProperty("serving").GetString());
        string[] services = [.. scenarios["reflection"].GetProperty("services").EnumerateArray().Select(name => name.GetString()!)];
        Assert.Subset(services.ToHashSet(), Services.ToHashSet());
        Assert.True(scenarios["reflection"].GetProperty("files").GetInt32() >= 1);
        Assert.NotEmpty(service);

        string Code(string scenario) => scenarios[scenario].GetProperty("code").GetString()!;
    }

    /// <summary>An aggregator that asks for a key.</summary>
    public sealed class KeyedAggregator : IAsyncLifetime
    {
        private AggregatorProcess? _process;

        /// <summary>host:port of its gRPC endpoint.</summary>
        public string Address => _process!.Grpc.Authority;

        public async ValueTask InitializeAsync() => _process = await AggregatorProcess.StartAsync($"TELEMETRY_API_KEYS={ApiKey}");

        public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
