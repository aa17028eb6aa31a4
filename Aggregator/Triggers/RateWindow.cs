using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Triggers;

/// <summary>
/// [Data plane] Change per second of one series over a time that slides with its samples. A counter that begins anew counts from zero, as
/// Prometheus's rate does. One thread; memory is fixed: samples that come closer than it allows are passed over as starting points.
/// </summary>
internal sealed class RateWindow
{
    private const int PointsMax = 256;

    private readonly (long TimestampNs, double Total)[] _points;
    private readonly SeriesKind _kind;
    private readonly long _overNs;
    private int _first;
    private int _count;
    private double _newest;
    private double _total;
    private bool _hasNewest;

    public RateWindow(SeriesKind kind, long overNs)
    {
        _kind = kind;
        _overNs = overNs;
        _points = new (long, double)[overNs == 0 ? 1 : PointsMax];
    }

    /// <summary>False while the series is shorter than the time over which the rate is taken.</summary>
    public bool TryAdd(long timestampNs, double value, out double perSecond)
    {
        _total += !_hasNewest ? 0 : _kind == SeriesKind.Counter && value < _newest ? value : value - _newest;
        _newest = value;
        _hasNewest = true;
        // The newest point that is old enough is where the rate begins; those before it are done with.
        while (_count > 1 && timestampNs - _points[(_first + 1) % _points.Length].TimestampNs >= _overNs)
        {
            _first = (_first + 1) % _points.Length;
            _count--;
        }
        perSecond = double.NaN;
        bool isKnown = false;
        if (_count > 0)
        {
            (long fromNs, double from) = _points[_first];
            isKnown = timestampNs > fromNs && timestampNs - fromNs >= _overNs;
            perSecond = isKnown ? (_total - from) * 1e9 / (timestampNs - fromNs) : double.NaN;
        }
        Keep(timestampNs);
        return isKnown;
    }

    public void Restart()
    {
        _count = 0;
        _hasNewest = false;
    }

    private void Keep(long timestampNs)
    {
        if (_points.Length == 1)
        {
            _points[0] = (timestampNs, _total);
            _count = 1;
            return;
        }
        if (_count > 0)
        {
            long newestNs = _points[(_first + _count - 1) % _points.Length].TimestampNs;
            if (_count == _points.Length || timestampNs - newestNs < _overNs / (PointsMax - 2))
            {
                return;
            }
        }
        _points[(_first + _count) % _points.Length] = (timestampNs, _total);
        _count++;
    }
}
