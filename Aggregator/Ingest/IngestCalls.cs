using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Listening;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// The open calls: at most Grpc:StreamsMax. Each sees the end of its input when the aggregator starts to drain, and is aborted when a message of it
/// stays half for Grpc:MessageTimeout.
/// </summary>
internal sealed class IngestCalls : IDrain, IDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentDictionary<IngestCall, byte> _calls = new();
    private readonly ServingState _serving;
    private readonly GrpcOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private int _count;

    public IngestCalls(ServingState serving, IOptions<GrpcOptions> options, TimeProvider time)
    {
        _serving = serving;
        _options = options.Value;
        _time = time;
        serving.Changed += OnPhase;
        TimeSpan interval = _options.MessageTimeout / 4 < LookInterval ? _options.MessageTimeout / 4 : LookInterval;
        _timer = time.CreateTimer(static calls => ((IngestCalls)calls!).AbortPartial(), this, interval, interval);
    }

    public string Name => "ingestion";

    /// <summary>False: as many are open as may be.</summary>
    public bool TryAdd(IngestCall call)
    {
        if (Interlocked.Increment(ref _count) > _options.StreamsMax)
        {
            Interlocked.Decrement(ref _count);
            return false;
        }
        _calls.TryAdd(call, 0);
        if (_serving.Phase == ServingPhase.Draining)        // It may have begun after the call was let in.
        {
            call.StopReading();
        }
        return true;
    }

    public void Remove(IngestCall call)
    {
        _calls.TryRemove(call, out _);
        Interlocked.Decrement(ref _count);
    }

    /// <summary>Waits until every call has had its last Ack.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (!_calls.IsEmpty)
        {
            await Task.Delay(DrainPoll, _time, cancellationToken);
        }
    }

    public void Dispose()
    {
        _serving.Changed -= OnPhase;
        _timer.Dispose();
    }

    private void OnPhase(ServingPhase phase)
    {
        if (phase != ServingPhase.Draining)
        {
            return;
        }
        foreach ((IngestCall call, _) in _calls)
        {
            call.StopReading();
        }
    }

    private void AbortPartial()
    {
        long before = _time.GetTimestamp() - (long)(_options.MessageTimeout.TotalSeconds * _time.TimestampFrequency);
        foreach ((IngestCall call, _) in _calls)
        {
            call.AbortIfPartialBefore(before);
        }
    }
}
