using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Export;

/// <summary>
/// Adds up the histograms of agents: Prometheus wants totals, and a ring keeps only the newest deltas. Used under the exporter's lock.
/// </summary>
internal sealed class TotalsKeeper(TelemetryStore store, ExportOptions options)
{
    private const string LatencyName = "latency";

    private readonly HistogramBuffer _rows = new(countMax: 1024);

    public LatencyFamilies Latencies { get; } = new(options.ServicesMax);

    /// <summary>Histograms that were overwritten before they were added.</summary>
    public long Overwritten { get; private set; }

    public void Accumulate(ExportCatalog catalog, long nowNs)
    {
        foreach (ExportedSeries exported in catalog.Histograms)
        {
            if (exported.Cursor == exported.Series.Head)
            {
                continue;
            }
            double? ms = exported.Series.Name == LatencyName ? LatencyTotals.MsOf(exported.Series.Unit) : null;
            Accumulate(exported, ms is null ? null : Latencies.Of(exported.Series.Source.Service), ms ?? 1);
        }
        Latencies.EndRound(nowNs);
    }

    private void Accumulate(ExportedSeries exported, LatencyTotals? latency, double ms)
    {
        long cursor = exported.Cursor;
        while (cursor < exported.Series.Head)
        {
            _rows.Clear();
            ReadResult result = store.ReadNewHistograms(exported.Series, ref cursor, _rows, _rows.CountMax);
            Overwritten += result.Overwritten;
            for (int row = 0; row < _rows.Count; row++)
            {
                exported.Totals!.Add(_rows, row);
                latency?.Add(_rows, row, ms);
            }
            if (result.Count == 0)
            {
                break;
            }
        }
        exported.Cursor = cursor;
    }
}
