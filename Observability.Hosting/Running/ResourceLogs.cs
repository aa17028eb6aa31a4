namespace Aspire.Hosting.Running;

/// <summary>Where the output of every resource goes: to whoever listens, and to a logger per resource, which is how tests capture it.</summary>
internal sealed partial class ResourceLogs(ILoggerFactory loggerFactory, IHostEnvironment environment)
{
    /// <summary>Raised from the threads that read the output, for each line.</summary>
    public event Action<LogLine>? LineWritten;

    public void Write(string resourceId, ILogger logger, string text, bool isError)
    {
        LineWritten?.Invoke(new LogLine(resourceId, text, isError));
        if (isError)
        {
            Log.ErrorLine(logger, text);
        }
        else
        {
            Log.Line(logger, text);
        }
    }

    public ILogger CreateLogger(string resourceId) => loggerFactory.CreateLogger($"{environment.ApplicationName}.Resources.{resourceId}");

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Line}")]
        public static partial void Line(ILogger logger, string line);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Line}")]
        public static partial void ErrorLine(ILogger logger, string line);
    }
}

/// <summary>One line that a resource printed, or that this host has to say about it.</summary>
internal readonly record struct LogLine(string ResourceId, string Text, bool IsError);
