namespace Aspire.Hosting.Running;

/// <summary>Starts the processes of a graph and stops them again.</summary>
internal sealed class GraphRunner : IHostedService, IAsyncDisposable
{
    /// <summary>A graph is gone five seconds after it was told to stop; this leaves some of them for what has to be killed.</summary>
    public static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(3.5);

    private const int SuffixLength = 8;
    private const string SuffixCharacters = "abcdefghijklmnopqrstuvwxyz";

    private readonly IReadOnlyList<Resource> _resources;
    private readonly List<ResourceInstance> _instances = [];
    private readonly RunContext _run;
    private PortAllocation? _ports;
    private OrphanGuard? _guard;
    private Task? _stopping;

    public GraphRunner(
        IReadOnlyList<Resource> resources,
        EmbeddedHostOptions options,
        ResourceNotificationService notifications,
        ResourceLogs logs,
        DistributedApplicationExecutionContext executionContext,
        IHostApplicationLifetime lifetime)
    {
        _resources = resources;
        _run = new RunContext
        {
            Mark = RunMark.New(),
            Options = options,
            Notifications = notifications,
            Logs = logs,
            LaunchSpecs = new LaunchSpecFactory(executionContext),
            Time = TimeProvider.System,
            Secrets = [.. resources.OfType<ParameterResource>().Where(parameter => parameter.Secret).Select(parameter => parameter.ConfiguredValue ?? "")
                .Where(value => value.Length > 0)],
            OnBug = exception =>
            {
                Environment.ExitCode = 1;
                Console.Error.WriteLine(exception);
                lifetime.StopApplication();
            },
        };
        foreach (Resource resource in resources)
        {
            if (resource.InitialState is { } state)
            {
                notifications.Publish(new ResourceEvent(resource, resource.Name, new ResourceSnapshot { State = state, IsCustom = true }));
            }
            if (resource is not (ProjectResource or ExecutableResource or ContainerResource))
            {
                continue;
            }
            for (int replica = 0; replica < resource.Replicas; replica++)
            {
                var instance = new ResourceInstance(resource, new string(Random.Shared.GetItems<char>(SuffixCharacters, SuffixLength)), _run);
                _instances.Add(instance);
                _run.Register(instance);
            }
        }
    }

    /// <summary>Every process of this run carries it.</summary>
    public string Mark => _run.Mark;
    public IReadOnlyList<Resource> Resources => _resources;
    public IReadOnlyList<ResourceInstance> Instances => _instances;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _ports = new PortAllocation(_resources, _run.Options.RandomizePorts);
        _ports.ThrowIfEssentialPortTaken(_resources);
        _guard = OrphanGuard.Start(_run.Mark);
        foreach (ResourceInstance instance in _instances)
        {
            if (_ports.ProblemOf(instance.Resource) is { } problem)
            {
                instance.Fail(problem);
            }
            else
            {
                instance.Start();
            }
        }
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _stopping ??= StopAllAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _instances.ForEach(instance => instance.Dispose());
    }

    /// <summary>Those that nobody waits for end first, so that they can still hand over what they have to those they depend on.</summary>
    private async Task StopAllAsync()
    {
        long start = Stopwatch.GetTimestamp();
        var left = new List<ResourceInstance>(_instances);
        while (left.Count > 0)
        {
            int waves = left.Max(instance => Depth(instance.Resource)) + 1;
            List<ResourceInstance> wave = [.. left.Where(instance => Depth(instance.Resource) == waves - 1)];
            TimeSpan grace = (StopTimeout - Stopwatch.GetElapsedTime(start)) / waves;
            await Task.WhenAll(wave.Select(instance => instance.StopAsync(grace > TimeSpan.Zero ? grace : TimeSpan.Zero)));
            left.RemoveAll(wave.Contains);
        }
        _guard?.Dispose();
        _ports?.Dispose();
    }

    /// <summary>How many resources, one behind the other, have to be ready before this one starts. The graph has no circles. An
    /// installer has nobody to hand anything over to, and ends with its application.</summary>
    private static int Depth(Resource resource)
    {
        IEnumerable<WaitAnnotation> waits = resource.Waits.Where(wait => wait.Dependency.Parent != resource);
        return resource.Parent is { } parent ? Depth(parent) : waits.Select(wait => Depth(wait.Dependency) + 1).DefaultIfEmpty().Max();
    }
}
