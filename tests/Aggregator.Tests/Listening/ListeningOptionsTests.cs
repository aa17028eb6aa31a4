using Microsoft.Extensions.Options;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Listening;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Listening;

public sealed class ListeningOptionsTests
{
    [Fact]
    public void Read_WhenNothingIsSet_TakesTheDefaults()
    {
        var settings = Read();
        Assert.Equal([9000, 8080, 9100], Enum.GetValues<Listener>().Select(settings.PortOf));
        Assert.Equal("localhost", settings.BindAddress);
        Assert.Null(settings.Address);
    }

    [Theory]
    [InlineData("65535", 65535)]
    [InlineData("0", 0)]
    [InlineData(" 81 ", 81)]
    [InlineData("", 8080)]
    public void Read_WhenPortIsInRange_TakesIt(string value, int expected) => Assert.Equal(expected, Read(("WS_PORT", value)).PortOf(Listener.Web));

    [Theory]
    [InlineData("WS_PORT", "65536")]
    [InlineData("GRPC_PORT", "-1")]
    [InlineData("BIND_ADDRESS", "not an address")]
    public void Read_WhenOutOfRange_NamesSettingValueAndAllowed(string name, string value)
    {
        var exception = Assert.ThrowsAny<OptionsValidationException>(() => Read((name, value)));
        Assert.StartsWith($"Cannot start: {name} is '{value}', allowed is ", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public void Read_WhenTwoPortsAreEqual_NamesBoth()
    {
        var exception = Assert.Throws<RefusedSettingException>(() => Read(("WS_PORT", "9100")));
        Assert.Contains("METRICS_PORT", exception.Message, StringComparison.Ordinal);
        Assert.Contains("WS_PORT", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WhenTwoPortsAreFreeOnes_AllowsIt() => Assert.Equal(0, Read(("WS_PORT", "0"), ("GRPC_PORT", "0")).PortOf(Listener.Web));

    [Theory]
    [InlineData("*", "localhost")]
    [InlineData("0.0.0.0", "localhost")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "[::1]")]
    public void UrlHost_ForEachAddress_IsReachable(string address, string expected) =>
        Assert.Equal(expected, Read(("BIND_ADDRESS", address)).UrlHost);

    private static ListeningOptions Read(params (string Name, string Value)[] values) =>
        TestOptions.Read<ListeningOptions>(services => services.AddListeningOptions(), values);
}
