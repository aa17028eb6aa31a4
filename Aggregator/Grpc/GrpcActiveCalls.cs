using System.Collections.Concurrent;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Grpc;

/// <summary>The calls that are open. When the aggregator starts to drain, each is told that its input ends here.</summary>
internal sealed class GrpcActiveCalls : IDisposable
{
    private readonly ConcurrentDictionary<GrpcServerCall, byte> _calls = new();
    private readonly ServingState _serving;

    public GrpcActiveCalls(ServingState serving)
    {
        _serving = serving;
        serving.Changed += OnPhase;
    }

    public void Add(GrpcServerCall call)
    {
        _calls.TryAdd(call, 0);
        if (_serving.Phase == ServingPhase.Draining)    // it may have begun between the admission and the line above
        {
            call.StopReading();
        }
    }

    public void Remove(GrpcServerCall call) => _calls.TryRemove(call, out _);

    public void Dispose() => _serving.Changed -= OnPhase;

    private void OnPhase(ServingPhase phase)
    {
        if (phase != ServingPhase.Draining)
        {
            return;
        }
        foreach (GrpcServerCall call in _calls.Keys)
        {
            call.StopReading();
        }
    }
}
