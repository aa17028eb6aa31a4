namespace Aspire.Hosting;

/// <summary>A graph of resources that can be run on this machine, or published.</summary>
public sealed class DistributedApplication : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly EntryPointInterception? _interception;

    internal DistributedApplication(IHost host, EntryPointInterception? interception)
    {
        _host = host;
        _interception = interception;
    }

    public ResourceNotificationService ResourceNotifications => _host.Services.GetRequiredService<ResourceNotificationService>();
    public ResourceCommandService ResourceCommands => _host.Services.GetRequiredService<ResourceCommandService>();
    internal IServiceProvider Services => _host.Services;

    public static IDistributedApplicationBuilder CreateBuilder(string[] args)
    {
        FatalErrors.TellInWords();
        return new DistributedApplicationBuilder(args, EntryPointInterception.Current);
    }

    /// <summary>Runs the graph until Ctrl-C or a signal ends it. A graph that cannot start ends the program with exit code 1.</summary>
    public void Run()
    {
        if (_interception is not null)
        {
            _interception.WaitForRelease();
            return;
        }
        if (_host.Services.GetRequiredService<DistributedApplicationExecutionContext>().IsPublishMode)
        {
            PublishAsync().GetAwaiter().GetResult();
            return;
        }
        RunAsync().GetAwaiter().GetResult();
    }

    /// <summary>Writes what was asked for, instead of running the graph.</summary>
    private async Task PublishAsync()
    {
        await using (this)
        {
            IReadOnlyList<string> written = Publishing.GraphPublisher.Publish(
                _host.Services.GetRequiredService<IReadOnlyList<Resource>>(),
                _host.Services.GetRequiredService<DistributedApplicationExecutionContext>(),
                _host.Services.GetRequiredService<IConfiguration>());
            Console.Out.WriteLine($"Wrote {string.Join(" and ", written)}");
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken = default) => await _host.StartAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        // First the processes end, then what the graph's own services hold is let go.
        await StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
        _interception?.Release();
    }

    internal Task StopAsync() => _host.StopAsync();

    internal async Task RunAsync()
    {
        ConsoleView? console = _host.Services.GetService<ConsoleView>();
        var lifetime = _host.Services.GetRequiredService<IHostApplicationLifetime>();
        using var parentWatch = new ParentWatch(lifetime);
        // Ctrl-C and SIGTERM are the host's own business; a closed terminal is ours.
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            lifetime.StopApplication();
        });
        try
        {
            console?.Start();
            await _host.StartAsync();
            await _host.WaitForShutdownAsync();
        }
        catch (DistributedApplicationException exception)
        {
            Environment.ExitCode = 1;
            console?.ShowError(exception.Message);
        }
        finally
        {
            await DisposeAsync();
        }
    }
}
