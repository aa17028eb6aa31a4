using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Triggers;

/// <summary>
/// [Data plane] Hands a watch its new samples one by one, until one changes something. Engine's thread only; its buffers are reused.
/// </summary>
internal sealed class SeriesJudge(TelemetryStore store, TriggerCounters counters)
{
    private const int RowsMax = 1024;

    private readonly SampleBuffer _samples = new(RowsMax);
    private readonly HistogramBuffer _histograms = new(RowsMax);
    private int _row;
    private int _rows;

    public void Begin(SeriesWatch watch)
    {
        _row = 0;
        _rows = watch.Series.Head > watch.Cursor ? Fetch(watch) : 0;
    }

    /// <summary>True with the next change; false when every new sample has been taken.</summary>
    public bool Next(SeriesWatch watch, out WatchChange change)
    {
        while (_rows > 0)
        {
            while (_row < _rows)
            {
                change = Take(watch, _row++);
                if (change != WatchChange.None)
                {
                    return true;
                }
            }
            _row = 0;
            _rows = Fetch(watch);
        }
        change = WatchChange.None;
        return false;
    }

    private int Fetch(SeriesWatch watch)
    {
        ReadResult read;
        if (watch.Series.Kind == SeriesKind.Histogram)
        {
            _histograms.Clear();
            read = store.ReadNewHistograms(watch.Series, ref watch.Cursor, _histograms, RowsMax);
        }
        else
        {
            _samples.Clear();
            read = store.ReadNew(watch.Series, ref watch.Cursor, _samples, RowsMax);
        }
        counters.OnSamples(read.Count, read.Overwritten);
        return read.Count;
    }

    private WatchChange Take(SeriesWatch watch, int row)
    {
        if (watch.Series.Kind == SeriesKind.Histogram)
        {
            double value = watch.ValueOf(_histograms[row]);
            return watch.Take(_histograms[row].TimestampNs, value, value);
        }
        double last = watch.Series.Kind == SeriesKind.Counter ? _samples.Counter(row) : _samples.Gauge(row);
        double extreme = _samples.IsAggregate(row) ? watch.ExtremeOf(_samples.Min[row], _samples.Max[row], last) : last;
        return watch.Take(_samples.TimestampsNs[row], extreme, last);
    }
}
