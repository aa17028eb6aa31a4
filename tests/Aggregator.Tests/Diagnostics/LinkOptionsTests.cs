using System.Text.Json;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Tests.Diagnostics;

public sealed class LinkOptionsTests
{
    [Theory]
    [InlineData("http://localhost:3001", "http://localhost:3001")]
    [InlineData(" https://Grafana.Example.com/ ", "https://grafana.example.com")]
    [InlineData("https://example.com/tools/grafana/", "https://example.com/tools/grafana")]
    [InlineData("http://[::1]:3000", "http://[::1]:3000")]
    [InlineData("", null)]
    [InlineData("  ", null)]
    public void Read_WhenItIsAnAddressOrEmpty_TakesIt(string value, string? expected) => Assert.Equal(expected, Read(value).Grafana);

    [Theory]
    [InlineData("localhost:3000")]
    [InlineData("/grafana")]
    [InlineData("ftp://example.com")]
    [InlineData("javascript:alert(1)")]
    [InlineData("http://")]
    [InlineData("http://example.com:99999")]
    [InlineData("http://example.com/?orgId=1")]
    [InlineData("http://example.com/#top")]
    public void Read_WhenItIsNone_NamesSettingValueAndAllowed(string value)
    {
        var exception = Assert.Throws<RefusedSettingException>(() => Read(value));
        Assert.Equal(
            $"Cannot start: GRAFANA_URL is '{value}', allowed is empty, or an absolute http:// or https:// address without user, query or fragment, " +
            "such as https://grafana.example.com.", exception.Message);
    }

    [Fact]
    public void Read_WhenItHoldsAPassword_RefusesItWithoutRepeatingIt()
    {
        var exception = Assert.Throws<RefusedSettingException>(() => Read("https://admin:hush@example.com"));
        Assert.StartsWith("Cannot start: GRAFANA_URL is '***'", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("http://localhost:3001")]
    public async Task Status_TellsTheLinkOrThatThereIsNone(string? address)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync(address is null ? [] : [$"GRAFANA_URL={address}"]);
        string body = await aggregator.Web.GetStringAsync("/api/status", TestContext.Current.CancellationToken);
        Assert.Equal(address, JsonDocument.Parse(body).RootElement.GetProperty("links").GetProperty("grafana").GetString());
    }

    private static LinkOptions Read(string value) =>
        TestOptions.Read<LinkOptions>(services => services.AddDiagnostics(), ("GRAFANA_URL", value));
}
