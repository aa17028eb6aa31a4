namespace Aspire.Hosting;

internal sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private const string VerboseArgument = "--verbose";

    private readonly HostApplicationBuilder _builder;
    private readonly List<Resource> _resources = [];
    private readonly EntryPointInterception? _interception;

    public DistributedApplicationBuilder(string[] args, EntryPointInterception? interception)
    {
        _interception = interception;
        Assembly? assembly = interception?.Assembly ?? Assembly.GetEntryAssembly();
        AppHostDirectory = AppHostMetadata.ProjectDirectory(assembly) ?? Directory.GetCurrentDirectory();
        _builder = new HostApplicationBuilder(new HostApplicationBuilderSettings
        {
            Args = [.. args.Where(argument => argument != VerboseArgument)],
            ApplicationName = assembly?.GetName().Name,
            ContentRootPath = AppHostDirectory,
            EnvironmentName = EnvironmentName(),
            Configuration = InitialConfiguration(),
        });

        var options = new EmbeddedHostOptions { Verbose = args.Contains(VerboseArgument) };
        if (interception is not null)
        {
            EntryPointInterception.Configure(options);
        }
        _builder.Configuration.GetSection(EmbeddedHostOptions.Section).Bind(options);
        Options = options;
        Configuration["Pipeline:OutputPath"] = Configuration["output-path"];
        ExecutionContext = new DistributedApplicationExecutionContext(PublishRequest.IsPresent(_builder.Configuration));
        AddServices();
    }

    public ConfigurationManager Configuration => _builder.Configuration;
    public DistributedApplicationExecutionContext ExecutionContext { get; }
    public IServiceCollection Services => _builder.Services;
    public EmbeddedHostOptions Options { get; }
    public string AppHostDirectory { get; }
    IHostEnvironment IDistributedApplicationBuilder.Environment => _builder.Environment;
    IReadOnlyList<Resource> IDistributedApplicationBuilder.Resources => _resources;
    public DistributedApplication Build() => _interception is null ? BuildCore() : _interception.InterceptBuild(this);

    /// <summary>Builds at once, whoever intercepts.</summary>
    public DistributedApplication BuildCore()
    {
        GraphValidation.ThrowIfInvalid(_resources);
        return new DistributedApplication(_builder.Build(), _interception);
    }

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        Resource? existing = _resources.Find(other => string.Equals(other.Name, resource.Name, StringComparison.OrdinalIgnoreCase));
        if (existing is not null)
        {
            throw new DistributedApplicationException(
                $"Cannot add resource '{resource.Name}', because there is one with the name '{existing.Name}' already.");
        }
        _resources.Add((Resource)(object)resource);
        return new ResourceBuilder<T>(this, resource);
    }

    private static string? EnvironmentName() =>
        Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT")
            ?? Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT")
            ?? Environments.Development;

    private static ConfigurationManager InitialConfiguration()
    {
        // A running graph never rereads its settings: no file watcher is needed, and test machines have few of them.
        var configuration = new ConfigurationManager();
        configuration.AddInMemoryCollection([new("hostBuilder:reloadConfigOnChange", "false")]);
        return configuration;
    }

    private void AddServices()
    {
        Services.AddSingleton(Options);
        Services.AddSingleton(ExecutionContext);
        Services.AddSingleton(TimeProvider.System);
        Services.AddSingleton<IReadOnlyList<Resource>>(_resources);
        Services.AddSingleton(_ => new ResourceNotificationService());
        Services.AddSingleton(services => new ResourceCommandService(services.GetRequiredService<GraphRunner>()));
        Services.AddSingleton<ResourceLogs>();
        Services.AddSingleton<GraphRunner>();
        Services.Configure<HostOptions>(host => host.ShutdownTimeout = GraphRunner.StopTimeout * 2);
        Services.AddHostedService(services => services.GetRequiredService<GraphRunner>());
        if (_interception is not null)
        {
            Services.AddSingleton<IHostLifetime, TestLifetime>();
        }
        if (Options.Console)
        {
            // What the resources print goes to the console directly; only what goes wrong in the host itself comes by logger.
            _builder.Logging.ClearProviders();
            Services.AddSingleton<ConsoleView>();
        }
    }
}
