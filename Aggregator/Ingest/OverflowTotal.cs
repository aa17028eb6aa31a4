using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] What the series of one source and metric name add up to that found no room: a series with the one label overflow="true". Only the
/// source's owner uses it.
/// </summary>
internal sealed class OverflowTotal(Series series)
{
    public const string LabelName = "overflow";
    public const string LabelValue = "true";

    private ulong _total;
    private long _newestNs;
    private bool _isChanged;

    public Series Series { get; } = series;

    /// <summary>A counter's new value; <paramref name="last"/> is its former one. A smaller value is a reset. True: the first change since <see cref="Take"/>.</summary>
    public bool Count(ulong value, ref ulong last, long timestampNs)
    {
        _total += value >= last ? value - last : value;
        last = value;
        _newestNs = Math.Max(_newestNs, timestampNs);
        bool isFirst = !_isChanged;
        _isChanged = true;
        return isFirst;
    }

    public (long TimestampNs, ulong Total) Take()
    {
        _isChanged = false;
        return (_newestNs, _total);
    }
}
