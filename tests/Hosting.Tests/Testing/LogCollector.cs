using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Hosting.Tests.Testing;

/// <summary>Keeps what the resources of a graph print, as a test of the product would.</summary>
internal sealed class LogCollector : ILoggerProvider
{
    public ConcurrentQueue<string> Lines { get; } = [];

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
        // It holds nothing but lines.
    }

    private sealed class Logger(LogCollector collector, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            collector.Lines.Enqueue($"{category} {logLevel}: {formatter(state, exception)}");
        }
    }
}
