namespace Observability.Aggregator.Diagnostics;

/// <summary>
/// A feature that has work in flight when the process is asked to end. Called once, while the ports are still open and
/// <see cref="ServingState"/> says Draining; in the order of registration, each within <see cref="ShutdownOptions.DrainTimeoutMs"/>.
/// </summary>
public interface IDrain
{
    string Name { get; }

    Task DrainAsync(CancellationToken cancellationToken);
}
