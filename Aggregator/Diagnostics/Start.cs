using Observability.Aggregator.Listening;

namespace Observability.Aggregator.Diagnostics;

/// <summary>Runs the host to its end. What a person can mend (a setting, a taken port) ends the start with one line and exit code 1.</summary>
internal static class Start
{
    public static async Task<int> RunAsync(string[] args, Func<string[], WebApplication> build)
    {
        WebApplication app;
        try
        {
            app = build(args);
            app.Services.CheckSettings();
        }
        catch (SettingException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
        await using (app)
        {
            ListenSettings listen = app.Services.GetRequiredService<ListenSettings>();
            string? failure = ListenFailure.Probe(listen) ?? await TryStartAsync(app, listen);
            if (failure is not null)
            {
                await Console.Error.WriteLineAsync(failure);
                return 1;
            }
            await app.WaitForShutdownAsync();
        }
        return 0;
    }

    private static async Task<string?> TryStartAsync(WebApplication app, ListenSettings listen)
    {
        try
        {
            await app.StartAsync();
            return null;
        }
        catch (Exception exception) when (ListenFailure.Describe(exception, listen) is not null)
        {
            return ListenFailure.Describe(exception, listen);
        }
    }
}
