namespace Observability.Agent.Tests;

public sealed class TelemetryAgentOptionsTests
{
    [Fact]
    public void Defaults_AreTheContracts()
    {
        var options = new TelemetryAgentOptions();
        Assert.Equal(("localhost:9000", "", 20, 100), (options.AggregatorAddress, options.ApiKey, options.PushIntervalMs, options.BatchSize));
        Assert.NotEmpty(options.ServiceName);
        Assert.Contains($"{Environment.ProcessId}", options.InstanceId, StringComparison.Ordinal);
        options.Validate();
    }

    [Theory]
    [InlineData("PUSH_INTERVAL_MS", "4", "5 to 60000")]
    [InlineData("PUSH_INTERVAL_MS", "60001", "5 to 60000")]
    [InlineData("PUSH_INTERVAL_MS", "fast", "5 to 60000")]
    [InlineData("PUSH_INTERVAL_MS", "20.5", "5 to 60000")]
    [InlineData("BATCH_SIZE", "0", "1 to 10000")]
    [InlineData("BUFFER_SIZE", "15", "16 to 1048576")]
    [InlineData("SERIES_MAX", "-1", "16 to 100000")]
    [InlineData("RETAINED_BYTES_MAX", "99999999999", "65536 to 1073741824")]
    [InlineData("AGGREGATOR_ADDR", "ftp://host:21", "host:port")]
    [InlineData("AGGREGATOR_ADDR", "host:9000/path", "host:port")]
    [InlineData("AGGREGATOR_ADDR", "host:99999", "host:port")]
    [InlineData("AGGREGATOR_ADDR", ",", "host:port")]
    [InlineData("AGGREGATOR_ADDR", "http://user:secret@host:9000", "host:port")]
    [InlineData("RECONNECT_DELAY_MIN_MS", "1000", "RECONNECT_DELAY_MAX_MS")]
    [InlineData("SERVICE_NAME", "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789", "256")]
    public void FromEnvironment_AValueThatIsNotAllowed_NamesVariableValueAndRangeInOneLine(string key, string value, string allowed)
    {
        AgentOptionsException refused = Assert.Throws<AgentOptionsException>(
            () => TelemetryAgentOptions.FromEnvironment(asked => asked == key ? value : null));
        Assert.Contains(key, refused.Message, StringComparison.Ordinal);
        Assert.Contains($"'{value}'", refused.Message, StringComparison.Ordinal);
        Assert.Contains(allowed, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void FromEnvironment_AKeyWithControlCharacters_IsRefusedWithoutShowingIt()
    {
        AgentOptionsException refused = Assert.Throws<AgentOptionsException>(
            () => TelemetryAgentOptions.FromEnvironment(asked => asked == "API_KEY" ? "secret\u0001" : null));
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_WithAnOptionOutOfRange_Throws()
    {
        Assert.Throws<AgentOptionsException>(() => TelemetryAgent.Create(new TelemetryAgentOptions { PushIntervalMs = 0 }));
        Assert.Throws<AgentOptionsException>(() => TelemetryAgent.Create(new TelemetryAgentOptions { ServiceName = "" }));
        Assert.Throws<AgentOptionsException>(() => TelemetryAgent.Create(new TelemetryAgentOptions { AggregatorAddress = null! }));
    }

    [Fact]
    public void Create_WithOptionsChangedLater_KeepsItsOwn()
    {
        var options = new TelemetryAgentOptions { ServiceName = "before", AggregatorAddress = "localhost:1" };
        using TelemetryAgent agent = TelemetryAgent.Create(options);
        options.ServiceName = "after";
        Assert.Equal("before", agent.ServiceName);
    }

    [Fact]
    public void FromEnvironment_EveryKey_IsRead()
    {
        var values = new Dictionary<string, string>
        {
            ["SERVICE_NAME"] = "cart",
            ["INSTANCE_ID"] = "c-1",
            ["AGGREGATOR_ADDR"] = "agg-1:9000, https://agg-2",
            ["API_KEY"] = " k ",
            ["PUSH_INTERVAL_MS"] = "50",
            ["BATCH_SIZE"] = "10",
            ["BUFFER_SIZE"] = "64",
        };
        TelemetryAgentOptions options = TelemetryAgentOptions.FromEnvironment(values.GetValueOrDefault);
        Assert.Equal(("cart", "c-1", "k"), (options.ServiceName, options.InstanceId, options.ApiKey));
        Assert.Equal((50, 10, 64), (options.PushIntervalMs, options.BatchSize, options.BufferSize));
        Assert.Equal([new Uri("http://agg-1:9000"), new Uri("https://agg-2:443")], options.Validate());
    }

    [Theory]
    [InlineData("sim-agent", null, "sim-agent")]
    [InlineData("sim-agent", "own", "own")]
    [InlineData(null, "  ", null)]
    public void FromEnvironment_WithoutAServiceName_FallsBackToOpenTelemetrysAndTheProgram(string? otel, string? own, string? expected)
    {
        TelemetryAgentOptions options = TelemetryAgentOptions.FromEnvironment(
            key => key switch { "OTEL_SERVICE_NAME" => otel, "SERVICE_NAME" => own, _ => null });
        Assert.Equal(expected ?? AgentEnvironment.DefaultServiceName(), options.ServiceName);
    }

    [Theory]
    [InlineData("service.instance.id=abc", "abc")]
    [InlineData("a=b, service.instance.id = x%20y ,c=d", "x y")]
    [InlineData("service.instance.id=", null)]
    [InlineData("my.service.instance.id=no", null)]
    [InlineData("nonsense", null)]
    public void FromEnvironment_WithoutAnInstanceId_ReadsOpenTelemetrysAttributes(string attributes, string? expected)
    {
        TelemetryAgentOptions options = TelemetryAgentOptions.FromEnvironment(key => key == "OTEL_RESOURCE_ATTRIBUTES" ? attributes : null);
        Assert.Equal(expected ?? AgentEnvironment.DefaultInstanceId(), options.InstanceId);
    }

    [Theory]
    [InlineData("localhost", "http://localhost:9000/")]
    [InlineData("localhost:80", "http://localhost/")]
    [InlineData("10.1.2.3:9000", "http://10.1.2.3:9000/")]
    [InlineData("[::1]:9000", "http://[::1]:9000/")]
    [InlineData("http://agg", "http://agg/")]
    [InlineData("https://agg:8443/", "https://agg:8443/")]
    public void AggregatorAddress_InAllItsForms_IsUnderstood(string address, string expected) =>
        Assert.Equal(expected, new TelemetryAgentOptions { AggregatorAddress = address }.Validate().Single().ToString());
}
