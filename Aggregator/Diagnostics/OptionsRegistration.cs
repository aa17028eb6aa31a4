using Microsoft.Extensions.Options;

namespace Observability.Aggregator.Diagnostics;

/// <summary>Registers options classes of the framework so that what is wrong stops the start, before a port is opened. Constructors take the class itself.</summary>
internal static class OptionsRegistration
{
    /// <summary>A section of the configuration. A key that no property has is refused.</summary>
    public static OptionsBuilder<T> AddSection<T>(this IServiceCollection services, string section)
        where T : class => services.AddChecked<T>(section, isStrict: true);

    /// <summary>Variables without a section; each property names its own by <see cref="ConfigurationKeyNameAttribute"/>.</summary>
    public static OptionsBuilder<T> AddVariables<T>(this IServiceCollection services)
        where T : class => services.AddChecked<T>(section: "", isStrict: false);

    private static OptionsBuilder<T> AddChecked<T>(this IServiceCollection services, string section, bool isStrict)
        where T : class
    {
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<T>>().Value);
        services.AddSingleton<IValidateOptions<T>>(new OptionsCheck<T>(section));
        services.AddSingleton(new OptionsSection(typeof(T), section));
        return services.AddOptions<T>().BindConfiguration(section, binder => binder.ErrorOnUnknownConfiguration = isStrict).ValidateOnStart();
    }
}

/// <summary>Which part of the configuration an options class is bound to; empty: all of it.</summary>
internal sealed record OptionsSection(Type Type, string Name);
