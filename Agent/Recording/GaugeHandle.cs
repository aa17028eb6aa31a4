using System.Runtime.CompilerServices;
using Observability.Agent.Recording;

namespace Observability.Agent;

/// <summary>
/// A gauge: a value that goes up and down. Each <see cref="Set"/> is a sample of its own, with its own time, until the agent's buffer is
/// full; then further values of the push interval are merged into one aggregate that keeps their minimum, maximum, sum, last and count.
/// Any thread; a gauge that one thread alone sets often needs no atomic operation, every other one compare-and-swap per call.
/// </summary>
public sealed class GaugeHandle : InstrumentHandle
{
    /// <summary>A gauge that another thread has set so many times while it was in a lane stays in the queue.</summary>
    internal const int LaneChangesMax = 16;

    private readonly GaugeBuffer _buffer;
    private readonly AgentClock _clock;
    private readonly AgentLife _life;
    private readonly Lock _changeGate = new();
    private GaugeLane? _lane;               // changed under _changeGate; the lane's owner is the one thread that writes past it
    private GaugeAggregate _merged;
    private int _setsInQueue;               // inexact: threads may overwrite each other's count
    private int _laneChanges;

    internal GaugeHandle(SeriesIdentity identity, int seriesRef, RecordingContext context, DropReason? refusal)
        : base(identity, SeriesKind.Gauge, seriesRef, context.Drops, refusal)
    {
        _buffer = context.Gauges;
        _clock = context.Clock;
        _life = context.Life;
    }

    /// <summary>Records a value now.</summary>
    public void Set(double value)
    {
        GaugeLane? lane = Volatile.Read(ref _lane);
        if (lane is null || lane.OwnerThreadId != Environment.CurrentManagedThreadId)
        {
            SetInQueue(value, lane);
        }
        else if (!lane.TryWrite(SeriesRef, _clock.NowNs(), value))
        {
            Merge(value);
        }
    }

    /// <summary>Hands over what was merged since the last call; false if nothing was.</summary>
    internal bool TryTakeMerged(out GaugeAggregate merged)
    {
        lock (_changeGate)
        {
            merged = _merged;
            _merged = default;
            return merged.Count != 0;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SetInQueue(double value, GaugeLane? lane)
    {
        if (SeriesRef == 0)
        {
            CountRefused();
        }
        else if (lane is null && (++_setsInQueue < RecordsBeforeOwner || !_buffer.IsQueueEmpty || _laneChanges > LaneChangesMax))
        {
            Enqueue(value);
        }
        else
        {
            ChangeLane(value);
        }
    }

    /// <summary>Into the calling thread's lane, or out of another's: rare, since a gauge that threads share is soon left in the queue.</summary>
    private void ChangeLane(double value)
    {
        lock (_changeGate)
        {
            if (_lane is null && _buffer.IsQueueEmpty && _buffer.FindLane() is { } lane && lane.TryWrite(SeriesRef, _clock.NowNs(), value))
            {
                _lane = lane;
                return;
            }
            // The value stands in the queue before the lane is anyone's again: the next take reads the lane first.
            _laneChanges += _lane is null ? 0 : 1;
            _lane = null;
            _setsInQueue = 0;
            Enqueue(value);
        }
    }

    private void Enqueue(double value)
    {
        if (!_buffer.Queue.TryWrite(SeriesRef, _clock.NowNs(), value))
        {
            Merge(value);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Merge(double value)
    {
        if (_life.IsStopped)
        {
            Drops.Count(DropReason.Stopped);
            return;
        }
        lock (_changeGate)
        {
            _merged.Add(value);
        }
        Drops.CountMerged();
    }
}

/// <summary>Gauge values merged into one sample. The default value is empty.</summary>
internal struct GaugeAggregate
{
    public double Min;
    public double Max;
    public double Sum;
    public double Last;
    public long Count;

    public void Add(double value)
    {
        Min = Count == 0 ? value : Math.Min(Min, value);
        Max = Count == 0 ? value : Math.Max(Max, value);
        Sum += value;
        Last = value;
        Count++;
    }
}
