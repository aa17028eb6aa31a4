using Microsoft.Extensions.Configuration;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Listening;

namespace Observability.Aggregator.Tests.Listening;

public sealed class ListenSettingsTests
{
    [Fact]
    public void Read_WhenNothingIsSet_TakesTheDefaults()
    {
        var settings = Read();
        Assert.Equal((9000, 8080, 9100), (settings.GrpcPort, settings.WebPort, settings.MetricsPort));
        Assert.Equal("localhost", settings.BindAddress);
        Assert.Null(settings.Address);
    }

    [Theory]
    [InlineData("65535", 65535)]
    [InlineData("0", 0)]
    [InlineData(" 81 ", 81)]
    [InlineData("", 8080)]
    public void Read_WhenPortIsInRange_TakesIt(string value, int expected) => Assert.Equal(expected, Read(("WS_PORT", value)).WebPort);

    [Theory]
    [InlineData("WS_PORT", "65536")]
    [InlineData("GRPC_PORT", "-1")]
    [InlineData("METRICS_PORT", "http")]
    [InlineData("BIND_ADDRESS", "not an address")]
    public void Read_WhenOutOfRange_NamesSettingValueAndAllowed(string name, string value)
    {
        var exception = Assert.Throws<SettingException>(() => Read((name, value)));
        Assert.StartsWith($"Cannot start: {name} is '{value}', allowed is ", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public void Read_WhenTwoPortsAreEqual_NamesBoth()
    {
        var exception = Assert.Throws<SettingException>(() => Read(("WS_PORT", "9100")));
        Assert.Contains("METRICS_PORT", exception.Message, StringComparison.Ordinal);
        Assert.Contains("WS_PORT", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WhenTwoPortsAreFreeOnes_AllowsIt() => Assert.Equal(0, Read(("WS_PORT", "0"), ("GRPC_PORT", "0")).WebPort);

    [Theory]
    [InlineData("*", "localhost")]
    [InlineData("0.0.0.0", "localhost")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "[::1]")]
    public void UrlHost_ForEachAddress_IsReachable(string address, string expected) =>
        Assert.Equal(expected, Read(("BIND_ADDRESS", address)).UrlHost);

    private static ListenSettings Read(params (string Name, string Value)[] values) => ListenSettings.Read(
        new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(pair => pair.Name, pair => (string?)pair.Value)).Build());
}
