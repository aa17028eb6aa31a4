using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Tests.Diagnostics;

/// <summary>Options as the program registers them, of a configuration that the test makes up.</summary>
internal static class TestOptions
{
    public static T Read<T>(Action<IServiceCollection> register, params (string Name, string Value)[] settings)
        where T : class
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(
            new ConfigurationBuilder().AddInMemoryCollection(settings.Select(one => KeyValuePair.Create(one.Name, (string?)one.Value))).Build());
        services.AddSingleton(TimeProvider.System);
        register(services);
        using ServiceProvider provider = services.BuildServiceProvider();
        return provider.GetRequiredService<T>();
    }

    /// <summary>The line with which the start ends.</summary>
    public static RefusedSettingException Refused<T>(Action<IServiceCollection> register, params (string Name, string Value)[] settings)
        where T : class => Assert.Throws<RefusedSettingException>(() => Read<T>(register, settings));
}
