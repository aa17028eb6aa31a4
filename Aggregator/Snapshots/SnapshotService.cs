using System.Diagnostics;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Snapshots;

/// <summary>Reads the history back before the ports open, and writes it once the sealer has stopped.</summary>
internal sealed partial class SnapshotService(
    TelemetryStore store, HistorySealer sealer, SnapshotOptions options, TimeProvider time, ILogger<SnapshotService> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Directory.Length == 0)
        {
            return Task.CompletedTask;
        }
        string path = Path.Combine(options.Directory, SnapshotFile.Name);
        long startedAt = Stopwatch.GetTimestamp();
        try
        {
            if (SnapshotFile.Read(path, store, out SnapshotReader? read) is { } damage)
            {
                string aside = $"{path}.damaged-{time.GetUtcNow():yyyyMMddTHHmmss}";
                File.Move(path, aside, overwrite: true);
                Log.Damaged(logger, path, damage, aside);
            }
            else if (read is not null)
            {
                Log.Restored(logger, read.SeriesRead, path, Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds, read.SeriesRefused);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Log.Unreadable(logger, path, exception.Message);
        }
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        if (options.Directory.Length == 0)
        {
            return Task.CompletedTask;
        }
        long startedAt = Stopwatch.GetTimestamp();
        sealer.SealAll((time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100, options.BytesMax);
        try
        {
            long bytes = SnapshotFile.Write(options.Directory, store);
            Log.Written(logger, store.SeriesCount, bytes, options.Directory, Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Log.CannotWrite(logger, options.Directory, exception.Message);
        }
        return Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Read the history of {SeriesCount} series from '{Path}' in {ElapsedMs:0} ms; {RefusedCount} were past the limits.")]
        public static partial void Restored(ILogger logger, int seriesCount, string path, double elapsedMs, int refusedCount);

        [LoggerMessage(LogLevel.Information, "Wrote the history of {SeriesCount} series, {Bytes} bytes, to '{Directory}' in {ElapsedMs:0} ms.")]
        public static partial void Written(ILogger logger, int seriesCount, long bytes, string directory, double elapsedMs);

        [LoggerMessage(LogLevel.Warning, "Cannot use the snapshot '{Path}', because {Damage}: it is set aside as '{Aside}', and history begins now.")]
        public static partial void Damaged(ILogger logger, string path, string damage, string aside);

        [LoggerMessage(LogLevel.Error, "Cannot read the snapshot '{Path}': {Reason} History begins now; check the directory (Snapshot:Directory).")]
        public static partial void Unreadable(ILogger logger, string path, string reason);

        [LoggerMessage(LogLevel.Error, "Cannot write the history to '{Directory}': {Reason} It is lost with this process; a former snapshot stays. Make room, or name another directory (Snapshot:Directory).")]
        public static partial void CannotWrite(ILogger logger, string directory, string reason);
    }
}
