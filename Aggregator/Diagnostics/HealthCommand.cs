using System.Net.Security;
using Microsoft.Extensions.Options;
using Observability.Aggregator.Listening;

namespace Observability.Aggregator.Diagnostics;

/// <summary><c>Aggregator --health</c>: asks the running one, for containers without curl. Exit code 0 when it serves, 1 otherwise.</summary>
internal static class HealthCommand
{
    public const string Argument = "--health";

    // A container's health check usually allows 5 s or more; an answer later than this is no health.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        IConfiguration configuration = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
            .AddEnvironmentVariables()
            .AddCommandLine([.. args.Where(argument => argument != Argument)])
            .Build();
        await using ServiceProvider services = new ServiceCollection()
            .AddSingleton(configuration).AddSingleton(TimeProvider.System).AddListeningOptions().BuildServiceProvider();
        string address;
        try
        {
            var listening = services.GetRequiredService<ListeningOptions>();
            int port = listening.PortOf(Listener.Web);
            if (port == 0)
            {
                throw new RefusedSettingException(ListeningOptions.WebPortName, "0", "the port of a running aggregator");
            }
            string scheme = services.GetRequiredService<TlsOptions>().SchemeOf(Listener.Web);
            address = $"{scheme}://{listening.UrlHost}:{port}{HealthEndpoints.HealthPath}";
        }
        catch (OptionsValidationException exception)
        {
            await output.WriteLineAsync(exception.Message);
            return 1;
        }
        return await AskAsync(address, output);
    }

    private static async Task<int> AskAsync(string address, TextWriter output)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
        // The own process is asked by an address that its certificate need not name; nothing secret goes either way.
        handler.SslOptions.RemoteCertificateValidationCallback = 
            (_, _, _, errors) => !errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable);
        using var client = new HttpClient(handler) { Timeout = Timeout };
        try
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri(address));
            await output.WriteLineAsync($"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            await output.WriteLineAsync($"Cannot reach {address}: {exception.Message}");
            return 1;
        }
    }
}
