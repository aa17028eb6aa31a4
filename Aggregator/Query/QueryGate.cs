using System.Collections.Concurrent;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Query;

/// <summary>Lets so many questions be answered at a time, each with buffers of its own that are used again.</summary>
internal sealed class QueryGate(TelemetryStore store, QueryOptions options) : IDisposable
{
    private readonly SemaphoreSlim _free = new(options.QueriesAtOnceMax);
    private readonly ConcurrentBag<SampleWriter> _writers = [];

    /// <summary>Null when the wait was too long.</summary>
    public async Task<SampleWriter?> TryEnterAsync(CancellationToken cancellationToken)
    {
        if (!await _free.WaitAsync(options.QueueTimeoutMs, cancellationToken))
        {
            return null;
        }
        return _writers.TryTake(out SampleWriter? idle) ? idle : new SampleWriter(store, options);
    }

    public void Leave(SampleWriter writer)
    {
        _writers.Add(writer);
        _free.Release();
    }

    public void Dispose() => _free.Dispose();
}
