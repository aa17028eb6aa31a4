using System.Collections.Concurrent;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// Bounds how many catch-ups are read at a time. An encoder is held for one frame and never while a socket is awaited, so that a slow client
/// cannot keep it.
/// </summary>
internal sealed class CatchUpGate(StreamingOptions options, Func<CatchUpEncoder> create) : IDisposable
{
    private readonly SemaphoreSlim _free = new(options.BackfillsAtOnceMax);
    private readonly ConcurrentBag<CatchUpEncoder> _encoders = [];

    public async ValueTask<T> UseAsync<T>(Func<CatchUpEncoder, T> encode, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        CatchUpEncoder encoder = _encoders.TryTake(out CatchUpEncoder? idle) ? idle : create();
        try
        {
            return encode(encoder);
        }
        finally
        {
            _encoders.Add(encoder);
            _free.Release();
        }
    }

    public void Dispose() => _free.Dispose();
}
