namespace Aspire.Hosting;

/// <summary>A graph of resources that can be run on this machine.</summary>
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
        var builder = new DistributedApplicationBuilder(args, EntryPointInterception.Current);
        if (builder.ExecutionContext.IsPublishMode)
        {
            throw new DistributedApplicationException(
                "Cannot publish the graph: this host only runs it. Publish with Aspire's own packages: -p:UseAspire=true.");
        }
        return builder;
    }

    /// <summary>Runs the graph until Ctrl-C or a signal ends it. A graph that cannot start ends the program with exit code 1.</summary>
    public void Run()
    {
        if (_interception is not null)
        {
            _interception.WaitForRelease();
            return;
        }
        RunAsync().GetAwaiter().GetResult();
    }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _host.StartAsync(cancellationToken);
    }

    internal async Task StopAsync(CancellationToken cancellationToken = default)
    {
        await _host.StopAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        // First the processes end, then what the graph's own services hold is let go.
        await StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
        _interception?.Release();
    }

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
