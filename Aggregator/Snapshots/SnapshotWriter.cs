using Observability.Aggregator.History;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Snapshots;

/// <summary>
/// Writes the store's history as it lies: groups with their compressed blocks, then sources, series and where their positions are. Called when nothing is appended
/// any more and everything is sealed.
/// </summary>
internal sealed class SnapshotWriter(TelemetryStore store, BinaryWriter to)
{
    private readonly Dictionary<RowGroup, int> _groups = [];

    public void Write()
    {
        foreach (Series series in store.AllSeries)
        {
            for (SeriesTrack? track = series.Track; track is not null; track = track.Former)
            {
                _groups.TryAdd(track.Group, _groups.Count);
            }
        }
        to.Write7BitEncodedInt(_groups.Count);
        foreach (RowGroup group in _groups.Keys)
        {
            Write(group);
        }
        Source[] sources = [.. store.Sources];
        to.Write7BitEncodedInt(sources.Length);
        foreach (Source source in sources)
        {
            to.Write(source.Service);
            to.Write(source.Instance);
            to.Write(source.NewestSampleNs);
            to.Write(source.PushIntervalMs);
            to.Write7BitEncodedInt(source.Series.Count);
            foreach (Series series in source.Series)
            {
                Write(series);
            }
        }
    }

    private void Write(RowGroup group)
    {
        to.Write7BitEncodedInt(group.Ring.Width);
        to.Write((byte)group.Kind);
        to.Write(group.Ring.Head);
        to.Write(group.Ring.NewestTimestampNs);
        to.Write(group.Ring.ReceivedNs);
        Write(group.Blocks.All);
        Write(group.Rollups is { } seconds ? seconds.Seconds.Blocks.All : default);
        Write(group.Rollups is { } minutes ? minutes.Minutes.Blocks.All : default);
    }

    private void Write(ReadOnlySpan<RowBlock> blocks)
    {
        to.Write7BitEncodedInt(blocks.Length);
        foreach (RowBlock block in blocks)
        {
            to.Write(block.FirstRow);
            to.Write7BitEncodedInt(block.Rows);
            to.Write(block.ReceivedNs);
            to.Write7BitEncodedInt(block.ColumnCount);
            to.Write7BitEncodedInt(block.Bytes.Length);
            to.Write(block.Bytes);
        }
    }

    private void Write(Series series)
    {
        to.Write(series.Name);
        to.Write(series.Unit);
        to.Write((byte)series.Kind);
        to.Write7BitEncodedInt(series.Labels.Count);
        foreach (Label label in series.Labels)
        {
            to.Write(label.Name);
            to.Write(label.Value);
        }
        if (series.Kind == SeriesKind.Histogram)
        {
            WriteHistograms(series);
            return;
        }
        List<SeriesTrack> tracks = [];
        for (SeriesTrack? track = series.Track; track is not null; track = track.Former)
        {
            tracks.Insert(0, track);
        }
        to.Write7BitEncodedInt(tracks.Count);
        foreach (SeriesTrack track in tracks)
        {
            to.Write7BitEncodedInt(_groups[track.Group]);
            to.Write7BitEncodedInt(track.Column);
            to.Write(track.FirstPosition);
        }
    }

    private void WriteHistograms(Series series)
    {
        to.Write(series.Head);
        to.Write(series.NewestTimestampNs);
        to.Write(series.NewestReceivedNs);
        Write(series.Histograms is { } history ? history.Blocks.All : default);
        Write(series.Histograms is { } seconds ? seconds.Seconds.Blocks.All : default);
        Write(series.Histograms is { } minutes ? minutes.Minutes.Blocks.All : default);
    }
}
