using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Integration.Tests;

/// <summary>Keeps the newest lines of what the resources of a graph print.</summary>
public sealed class GraphLogs : ILoggerProvider
{
    private const int LinesMax = 5_000;
    private const string ResourcesCategory = ".Resources.";

    private readonly ConcurrentQueue<string> _lines = [];

    public IReadOnlyList<string> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName)
    {
        int index = categoryName.IndexOf(ResourcesCategory, StringComparison.Ordinal);
        return new Logger(this, index < 0 ? categoryName : categoryName[(index + ResourcesCategory.Length)..]);
    }

    public void Dispose()
    {
        // The lines are read after the graph has ended.
    }

    private void Add(string line)
    {
        _lines.Enqueue(line);
        while (_lines.Count > LinesMax && _lines.TryDequeue(out _))
        {
        }
    }

    private sealed class Logger(GraphLogs logs, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                logs.Add($"{name} | {formatter(state, exception)}{(exception is null ? "" : Environment.NewLine + exception)}");
            }
        }
    }
}
