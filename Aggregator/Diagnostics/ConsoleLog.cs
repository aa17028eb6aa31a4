using Microsoft.Extensions.Logging.Console;

namespace Observability.Aggregator.Diagnostics;

/// <summary>LOG_LEVEL: the least severe event that is written. The framework's own events start at warning unless debug is asked for.</summary>
internal static class ConsoleLog
{
    private const string Name = "LOG_LEVEL";

    private static LogLevel Read(IConfiguration configuration)
    {
        string text = configuration[Name]?.Trim() ?? "";
        return text.ToUpperInvariant() switch
        {
            "TRACE" => LogLevel.Trace,
            "DEBUG" => LogLevel.Debug,
            "" or "INFO" or "INFORMATION" => LogLevel.Information,
            "WARN" or "WARNING" => LogLevel.Warning,
            "ERROR" => LogLevel.Error,
            "CRITICAL" => LogLevel.Critical,
            "NONE" => LogLevel.None,
            _ => throw new RefusedSettingException(Name, text, "trace, debug, info, warn, error, critical or none"),
        };
    }

    /// <summary>Before the host is built: what it logs then counts as well.</summary>
    public static void Configure(ILoggingBuilder logging, IConfiguration configuration)
    {
        LogLevel level = Read(configuration);
        logging.SetMinimumLevel(level);
        if (level == LogLevel.Information)
        {
            logging.AddFilter("Microsoft", LogLevel.Warning);
            logging.AddFilter("Grpc", LogLevel.Warning);        // A client that goes away is a stack trace at the level of information.
        }
        if (level > LogLevel.Debug)
        {
            // A failed start prints one line of ours, not with a stack trace.
            logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
            // Not to be serving yet, or any longer, is no failure.
            logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        }
        // It stands on standard output already.
        logging.AddFilter<ConsoleLoggerProvider>("Observability.Aggregator.Listening.ReadyLine", LogLevel.None);
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
    }
}
