namespace Observability.Aggregator.Listening;

/// <summary>One line on standard output when every port is open, so that a person or a script knows where.</summary>
internal sealed class ReadyLine(BoundPorts ports) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Console.Out.WriteLineAsync(
        $"Aggregator ready: grpc {ports.UrlOf(Listener.Grpc)} web {ports.UrlOf(Listener.Web)} metrics {ports.UrlOf(Listener.Metrics)}/metrics pid {Environment.ProcessId}");

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
