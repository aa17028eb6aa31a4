using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>Series that are always written together, or one alone: they share a ring and the timestamps in it.</summary>
internal sealed class RowGroup(RingLimits limits, int width, long newestTimestampNs)
{
    private int _isClosed;

    public RowRing Ring { get; } = new(limits, width, newestTimestampNs);

    /// <summary>True once its series are written elsewhere: nothing is appended any more. Set by the writer after its last row.</summary>
    public bool IsClosed => Volatile.Read(ref _isClosed) != 0;

    public void Close() => Volatile.Write(ref _isClosed, 1);
}
