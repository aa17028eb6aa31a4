namespace Observability.Aggregator.Listening;

/// <summary>
/// One line on standard output when every port is open, so that a person or a script knows where; and an event for where logs are collected, which the console leaves out.
/// </summary>
internal sealed partial class ReadyLine(BoundPorts ports, ILogger<ReadyLine> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        Log.Ready(logger, ports.UrlOf(Listener.Grpc), ports.UrlOf(Listener.Web), ports.UrlOf(Listener.Metrics), Environment.ProcessId);
        return Console.Out.WriteLineAsync(
            $"Aggregator ready: grpc {ports.UrlOf(Listener.Grpc)} web {ports.UrlOf(Listener.Web)} metrics {ports.UrlOf(Listener.Metrics)}/metrics pid {Environment.ProcessId}");
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Ready: gRPC {Grpc}, web {Web}, metrics {Metrics}/metrics, process {ProcessId}.")]
        public static partial void Ready(ILogger logger, string grpc, string web, string metrics, int processId);
    }
}
