using Microsoft.Extensions.Configuration;
using Observability.SimAgent;

namespace Observability.Agent.Tests.SimAgent;

public sealed class SimSettingsTests
{
    [Theory]
    [InlineData("SIM_SERVICES", "0", "1 to 12")]
    [InlineData("SIM_SERVICES", "13", "1 to 12")]
    [InlineData("SIM_SERVICES", "2.5", "1 to 12")]
    [InlineData("SIM_INSTANCES", "many", "1 to 100")]
    [InlineData("SIM_METRICS", "-1", "0 to 1000")]
    [InlineData("SIM_RATE", "0", "0.1 to 10000")]
    [InlineData("SIM_RATE", "NaN", "0.1 to 10000")]
    [InlineData("SIM_SEED", "-5", "0 to")]
    public void Read_AValueThatIsNotAllowed_SaysWhatIsInOneLine(string key, string value, string allowed)
    {
        FormatException refused = Assert.Throws<FormatException>(() => SimSettings.Read(Configuration((key, value))));
        Assert.Contains($"{key} is '{value}'", refused.Message, StringComparison.Ordinal);
        Assert.Contains(allowed, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void Read_Nothing_GivesTheDefaults() => Assert.Equal(new SimSettings(), SimSettings.Read(Configuration()));

    [Fact]
    public void Read_FromTheCommandLine_TakesShortAndLongForms()
    {
        IConfiguration configuration = new ConfigurationBuilder()
            .AddCommandLine(["--services", "5", "--rate=12.5", "--SIM_METRICS=0"], SimSettings.Switches)
            .Build();
        Assert.Equal(new SimSettings { Services = 5, Rate = 12.5, Metrics = 0 }, SimSettings.Read(configuration));
    }

    private static IConfiguration Configuration(params (string Key, string Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value))).Build();
}
