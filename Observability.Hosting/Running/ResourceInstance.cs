namespace Aspire.Hosting.Running;

/// <summary>One process of a resource through all of its lives: waits for what it depends on, starts, is watched, is started again when
/// it crashes, and stops. All of this happens in one task, which alone changes the snapshot.</summary>
internal sealed class ResourceInstance : IDisposable
{
    /// <summary>Unix tells the end by signal 9 as exit code 137.</summary>
    private const int SignalExitCodeBase = 128;

    private static readonly TimeSpan StopNoticeTime = TimeSpan.FromMilliseconds(200);

    private readonly RunContext _run;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private CancellationTokenSource _stop = new();
    private Task _life = Task.CompletedTask;
    private TimeSpan _grace;
    private ResourceSnapshot _snapshot = new() { State = KnownResourceStates.NotStarted };
    private ManagedProcess? _process;

    public ResourceInstance(Resource resource, string suffix, RunContext run)
    {
        _run = run;
        Resource = resource;
        Suffix = suffix;
        Id = resource.Replicas > 1 ? $"{resource.Name}-{suffix}" : resource.Name;
        _logger = run.Logs.CreateLogger(Id);
        Publish(_snapshot);
    }

    public Resource Resource { get; }

    /// <summary>The resource's name, or that and the suffix if there are several.</summary>
    public string Id { get; }

    /// <summary>Tells this process from others of the same resource, also in its telemetry.</summary>
    public string Suffix { get; }
    public bool IsActive => !_life.IsCompleted;

    /// <summary>Begins a life, unless one is under way.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (IsActive)
            {
                return;
            }
            _stop.Dispose();
            _stop = new CancellationTokenSource();
            _process = null;
            CancellationToken stop = _stop.Token;
            // Whoever waits for the resource from now on must not be answered with the end of its former life.
            Publish(new ResourceSnapshot { State = KnownResourceStates.Starting });
            _life = Task.Run(() => LiveAsync(stop), CancellationToken.None);
        }
    }

    /// <summary>Ends the life and all of its processes. Those that do not end within <paramref name="grace"/> are killed.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        Task life;
        lock (_lock)
        {
            _grace = grace;
            _stop.Cancel();
            life = _life;
        }
        await life;
    }

    /// <summary>Waits for the end of a life whose process is gone already, which may not have been noticed yet.</summary>
    public Task SettleAsync()
    {
        lock (_lock)
        {
            return _process is { HasEnded: true } && !_run.Options.Restart ? _life : Task.CompletedTask;
        }
    }

    public void Dispose() => _stop.Dispose();

    public void Fail(string reason)
    {
        Say(reason, isError: true);
        Publish(new ResourceSnapshot { State = KnownResourceStates.FailedToStart, Detail = reason });
    }

    private async Task LiveAsync(CancellationToken stop)
    {
        var backoff = new RestartBackoff();
        try
        {
            await new DependencyWait(this, _run).RunAsync(SetWaiting, stop);
            while (await RunOnceAsync(backoff, stop) is { } delay)
            {
                await Task.Delay(delay, _run.Time, stop);
            }
        }
        catch (DistributedApplicationException exception)
        {
            Fail(exception.Message);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            if (!KnownResourceStates.IsTerminal(_snapshot.State) || _snapshot.WillRestart)
            {
                Publish(new ResourceSnapshot { State = KnownResourceStates.Exited, ExitCode = _snapshot.ExitCode });
            }
        }
        catch (Exception exception)
        {
            _run.OnBug(exception);
            throw;
        }
    }

    /// <summary>Starts the process and stays with it to its end. Returns how long to wait before the next start, if there is to be one.</summary>
    private async Task<TimeSpan?> RunOnceAsync(RestartBackoff backoff, CancellationToken stop)
    {
        Publish(new ResourceSnapshot { State = KnownResourceStates.Starting });
        using IDisposable turn = await _run.EnterInstallerAsync(Resource, stop);
        long startedAt = _run.Time.GetTimestamp();
        foreach (Func<CancellationToken, Task> prepare in Resource.BeforeStart)
        {
            await prepare(stop);
        }
        LaunchSpec spec = _run.LaunchSpecs.Create(this, _run.Mark);
        if (_run.Options.Verbose)
        {
            Describe(spec);
        }
        using ManagedProcess process = ManagedProcess.Start(spec, (line, isError) => _run.Logs.Write(Id, _logger, line, isError));
        _process = process;
        Publish(new ResourceSnapshot
        {
            State = KnownResourceStates.Running,
            ProcessId = process.Id,
            Healthy = Resource.HealthChecks.Count == 0,
            Answers = Resource.Endpoints.Count == 0,
        });
        bool isStopped = await StayAsync(process, stop) || await IsAboutToStopAsync(stop);
        if (isStopped)
        {
            Publish(_snapshot with { State = KnownResourceStates.Stopping, Healthy = false, Answers = false });
        }
        await process.StopAsync(isStopped ? _grace : TimeSpan.Zero);
        int exitCode = await process.Exited;
        if (isStopped)
        {
            Publish(_snapshot with { State = KnownResourceStates.Exited, ExitCode = exitCode });
            stop.ThrowIfCancellationRequested();
        }
        return EndOf(exitCode, _run.Time.GetElapsedTime(startedAt), backoff);
    }

    /// <summary>Watches the process until it ends (false) or is to be stopped (true).</summary>
    private async Task<bool> StayAsync(ManagedProcess process, CancellationToken stop)
    {
        using var watch = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task watching = WatchAsync(watch.Token);
        try
        {
            await process.Exited.WaitAsync(stop);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
        finally
        {
            // From here on nobody else changes the snapshot.
            await watch.CancelAsync();
            await watching;
        }
    }

    /// <summary>Ctrl-C reaches every program of the terminal, and some end sooner than this host has understood: that is no
    /// crash.</summary>
    private async Task<bool> IsAboutToStopAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(_run.Options.Restart ? StopNoticeTime : TimeSpan.Zero, _run.Time, stop);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private TimeSpan? EndOf(int exitCode, TimeSpan uptime, RestartBackoff backoff)
    {
        var ended = new ResourceSnapshot
        {
            State = KnownResourceStates.Finished,
            ExitCode = exitCode,
            Detail = DescribeExit(exitCode),
        };
        if (exitCode == 0 || !_run.Options.Restart || Resource.Parent is not null)
        {
            if (exitCode != 0)
            {
                Say($"'{Id}' {ended.Detail}.", isError: true);
            }
            Publish(ended);
            return null;
        }
        if (!backoff.TryNext(uptime, out TimeSpan delay))
        {
            Say($"'{Id}' {ended.Detail}, {RestartBackoff.AttemptsMax} times in a row. It is not started again; see what it said above.", isError: true);
            Publish(ended);
            return null;
        }
        Say(string.Create(CultureInfo.InvariantCulture, $"'{Id}' {ended.Detail}; it starts again in {delay.TotalSeconds:0.#} s."), isError: true);
        Publish(ended with { WillRestart = true });
        return delay;
    }

    private static string? DescribeExit(int exitCode) =>
        exitCode switch
        {
            0 => null,
            > SignalExitCodeBase => string.Create(CultureInfo.InvariantCulture, $"was ended by signal {exitCode - SignalExitCodeBase}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"ended with exit code {exitCode}"),
        };

    private async Task WatchAsync(CancellationToken stop)
    {
        using var monitor = new HealthMonitor(Resource, _run.Time);
        try
        {
            await monitor.RunAsync(healthy => Publish(_snapshot with { Answers = true, Healthy = healthy }), stop);
        }
        catch (OperationCanceledException)
        {
            // The process ended or is being stopped.
        }
    }

    private void Describe(LaunchSpec spec)
    {
        foreach (string line in spec.Describe())
        {
            Say(_run.Secrets.Aggregate(line, (text, secret) => text.Replace(secret, "***", StringComparison.Ordinal)), isError: false);
        }
    }

    private void SetWaiting(string reason) => Publish(new ResourceSnapshot { State = KnownResourceStates.Waiting, Detail = reason });

    private void Publish(ResourceSnapshot snapshot)
    {
        if (snapshot == _snapshot && snapshot.State != KnownResourceStates.NotStarted)
        {
            return;
        }
        _snapshot = snapshot;
        _run.Notifications.Publish(new ResourceEvent(Resource, Id, snapshot));
    }

    /// <summary>Says something about the resource in its log, as this host.</summary>
    private void Say(string text, bool isError) => _run.Logs.Write(Id, _logger, text, isError);
}
