using Microsoft.Extensions.Options;

namespace Observability.Aggregator.Diagnostics;

/// <summary>Registers options classes so that a wrong value stops the start, before a port is opened.</summary>
internal static class SettingRegistration
{
    /// <summary>Makes <typeparamref name="T"/> (and IOptions of it) available, bound to <paramref name="section"/> and validated at start.</summary>
    public static IServiceCollection AddSettings<T>(this IServiceCollection services, string section)
        where T : class, new() =>
        services.AddSettings(configuration => SettingSection.Read<T>(configuration, section));

    public static IServiceCollection AddSettings<T>(this IServiceCollection services, Func<IConfiguration, T> read)
        where T : class
    {
        services.AddSingleton(provider => read(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton<IOptions<T>>(provider => new OptionsWrapper<T>(provider.GetRequiredService<T>()));
        services.AddSingleton(new SettingType(typeof(T)));
        return services;
    }

    public static void CheckSettings(this IServiceProvider services)
    {
        foreach (SettingType setting in services.GetServices<SettingType>())
        {
            services.GetRequiredService(setting.Type);
        }
    }

    private sealed record SettingType(Type Type);
}
