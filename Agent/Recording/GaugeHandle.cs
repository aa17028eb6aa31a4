using System.Runtime.CompilerServices;
using Observability.Agent.Recording;

namespace Observability.Agent;

/// <summary>
/// A gauge: a value that goes up and down. Each <see cref="Set"/> is a sample of its own, with its own time, until the agent's buffer is
/// full; then further values of the push interval are merged into one aggregate that keeps their minimum, maximum, sum, last and count.
/// Any thread; one compare-and-swap per call.
/// </summary>
public sealed class GaugeHandle : InstrumentHandle
{
    private readonly GaugeQueue _queue;
    private readonly AgentClock _clock;
    private readonly AgentLife _life;
    private readonly Lock _mergeGate = new();
    private GaugeAggregate _merged;

    internal GaugeHandle(SeriesIdentity identity, int seriesRef, RecordingContext context, DropReason? refusal)
        : base(identity, SeriesKind.Gauge, seriesRef, context.Drops, refusal)
    {
        _queue = context.Queue;
        _clock = context.Clock;
        _life = context.Life;
    }

    /// <summary>Records a value now.</summary>
    public void Set(double value)
    {
        int seriesRef = SeriesRef;
        if (seriesRef == 0 || !_queue.TryWrite(seriesRef, _clock.NowNs(), value))
        {
            SetSlow(value);
        }
    }

    /// <summary>Hands over what was merged since the last call; false if nothing was.</summary>
    internal bool TryTakeMerged(out GaugeAggregate merged)
    {
        lock (_mergeGate)
        {
            merged = _merged;
            _merged = default;
            return merged.Count != 0;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SetSlow(double value)
    {
        if (SeriesRef == 0)
        {
            CountRefused();
            return;
        }
        if (_life.IsStopped)
        {
            Drops.Count(DropReason.Stopped);
            return;
        }
        lock (_mergeGate)
        {
            _merged.Add(value);
        }
        Drops.CountMerged();
    }
}
