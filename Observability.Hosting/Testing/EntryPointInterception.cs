namespace Aspire.Hosting.Testing;

/// <summary>Runs an AppHost's own Program.cs inside of a test, up to the point where it would build and run its graph: there the test
/// takes over.</summary>
internal sealed class EntryPointInterception(Assembly assembly, string[] args)
{
    /// <summary>What the builder made on this thread belongs to.</summary>
    private static readonly AsyncLocal<EntryPointInterception?> CurrentInterception = new();

    private readonly TaskCompletionSource<DistributedApplicationBuilder> _builder = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _buildRequested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DistributedApplication> _application = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static EntryPointInterception? Current => CurrentInterception.Value;
    public Assembly Assembly { get; } = assembly;

    /// <summary>Completes when Program.cs has described its graph.</summary>
    public Task<DistributedApplicationBuilder> Builder => _builder.Task;

    public void Start()
    {
        MethodInfo entryPoint = Assembly.EntryPoint
            ?? throw new DistributedApplicationException($"Cannot test {Assembly.GetName().Name}, because it is not a program.");
        new Thread(() => RunEntryPoint(entryPoint)) { IsBackground = true, Name = $"{Assembly.GetName().Name} under test" }.Start();
    }

    /// <summary>Tests see what the programs do, without this host's own help.</summary>
    public static void Configure(EmbeddedHostOptions options)
    {
        options.Restart = false;
        options.Console = false;
        options.RandomizePorts = true;
        options.FailDependents = true;
    }

    /// <summary>Called on the thread of Program.cs. Hands the builder to the test and waits until that wants it built.</summary>
    public DistributedApplication InterceptBuild(DistributedApplicationBuilder builder)
    {
        _builder.TrySetResult(builder);
        _buildRequested.Task.GetAwaiter().GetResult();
        DistributedApplication application = builder.BuildCore();
        _application.TrySetResult(application);
        return application;
    }

    public Task<DistributedApplication> BuildAsync()
    {
        _buildRequested.TrySetResult();
        return _application.Task;
    }

    /// <summary>Called where Program.cs would run its graph: returns when the test is done with it.</summary>
    public void WaitForRelease() => _released.Task.GetAwaiter().GetResult();

    public void Release()
    {
        _buildRequested.TrySetCanceled();
        _released.TrySetResult();
    }

    private void RunEntryPoint(MethodInfo entryPoint)
    {
        CurrentInterception.Value = this;
        Exception exception;
        try
        {
            entryPoint.Invoke(null, entryPoint.GetParameters().Length == 0 ? [] : [args]);
            exception = new DistributedApplicationException($"Cannot test {Assembly.GetName().Name}, because it ended without building a graph.");
        }
        catch (TargetInvocationException invocation)
        {
            exception = invocation.InnerException ?? invocation;
        }
        // The test hears of it wherever it waits; if it was past that, Program.cs has nothing more to say.
        _builder.TrySetException(exception);
        _application.TrySetException(exception);
        // Nobody may be waiting any more: observe them, or the runtime reports them later.
        _ = _builder.Task.Exception;
        _ = _application.Task.Exception;
    }
}
