using System.Collections.Concurrent;
using Observability.Aggregator.Security;

namespace Observability.Aggregator.Ingest;

/// <summary>The usage of each API key. An aggregator that is open to all knows no senders: they share one usage.</summary>
internal sealed class KeyUsages(IngestOptions options, SecurityOptions security, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, KeyUsage> _byKey = new(StringComparer.Ordinal);
    private long _streamsRefused;

    public long StreamsRefused => Volatile.Read(ref _streamsRefused);

    /// <summary>Of a call that was admitted, so its key is one of the configured ones, which bounds them.</summary>
    public KeyUsage Of(HttpContext context)
    {
        string? presented = security.IngestKeys.IsOpen ? "" : (string?)context.Request.Headers[AccessMiddleware.ApiKeyHeader];
        return _byKey.GetOrAdd(presented ?? "", _ => new KeyUsage(options.StreamsPerKeyMax, options.SamplesPerSecondPerKeyMax, time));
    }

    public void CountRefused() => Interlocked.Increment(ref _streamsRefused);
}
