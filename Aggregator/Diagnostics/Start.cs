using Microsoft.Extensions.Options;
using Observability.Aggregator.Listening;

namespace Observability.Aggregator.Diagnostics;

/// <summary>Runs the host to its end. What a person can mend (a setting, a taken port) ends the start with a line for each and exit code 1.</summary>
internal static class Start
{
    public static async Task<int> RunAsync(Func<WebApplicationBuilder> createBuilder, Func<WebApplicationBuilder, WebApplication> build)
    {
        WebApplicationBuilder? builder = null;
        WebApplication app;
        try
        {
            builder = createBuilder();
            app = build(builder);
            // The host checks too, and would log what it finds with its stack trace.
            app.Services.GetRequiredService<IStartupValidator>().Validate();
        }
        catch (Exception exception) when (Describe(exception, builder?.Configuration, builder?.Services) is { } lines)
        {
            await Console.Error.WriteLineAsync(lines);
            return 1;
        }
        await using (app)
        {
            ListeningOptions listening = app.Services.GetRequiredService<ListeningOptions>();
            try
            {
                await app.StartAsync();
            }
            catch (Exception exception) when (ListenFailure.IsOne(exception))
            {
                await Console.Error.WriteLineAsync(ListenFailure.Describe(exception, listening));
                return 1;
            }
            await app.WaitForShutdownAsync();
        }
        return 0;
    }

    /// <summary>A line for each setting that was refused; null if something else went wrong.</summary>
    internal static string? Describe(Exception exception, IConfiguration? configuration, IServiceCollection? services) => exception switch
    {
        AggregateException all => string.Join(Environment.NewLine, all.InnerExceptions.Select(one => Describe(one, configuration, services)).Distinct()),
        OptionsValidationException refused => string.Join(Environment.NewLine, refused.Failures),
        InvalidOperationException when configuration is not null && services is not null => BindingFailure.Describe(
            configuration, services.Select(service => service.IsKeyedService ? null : service.ImplementationInstance).OfType<OptionsSection>()),
        _ => null,
    };
}
