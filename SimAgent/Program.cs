using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Observability.Agent;
using Observability.ServiceDefaults;
using Observability.SimAgent;

const int badSettings = 2;

// Settings are read once: without file watchers.
var builder = Host.CreateApplicationBuilder(["--hostBuilder:reloadConfigOnChange=false"]);
builder.Configuration.AddCommandLine(args, SimSettings.Switches);
builder.AddServiceDefaults();
builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));

try
{
    SimSettings settings = SimSettings.Read(builder.Configuration);
    var simulation = new Simulation(settings, () => SimOptions.Agent(builder.Configuration));
    builder.Services.AddSingleton(simulation).AddSingleton(TimeProvider.System).AddHostedService<SimWorker>();
}
catch (Exception refused) when (refused is FormatException or AgentOptionsException)
{
    await Console.Error.WriteLineAsync(refused.Message);
    return badSettings;
}
await builder.Build().RunAsync();
return 0;
