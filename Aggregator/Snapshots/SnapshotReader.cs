using Observability.Aggregator.History;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Snapshots;

/// <summary>Reads back what <see cref="SnapshotWriter"/> wrote, into a store that nobody uses yet. The bytes have been checked.</summary>
internal sealed class SnapshotReader(TelemetryStore store, BinaryReader from)
{
    private RowGroup[] _groups = [];

    public int SeriesRead { get; private set; }

    /// <summary>Series that the limits of today leave no room for.</summary>
    public int SeriesRefused { get; private set; }

    public void Read()
    {
        _groups = new RowGroup[from.Read7BitEncodedInt()];
        for (int i = 0; i < _groups.Length; i++)
        {
            _groups[i] = ReadGroup();
        }
        for (int sources = from.Read7BitEncodedInt(); sources > 0; sources--)
        {
            ReadSource();
        }
    }

    private RowGroup ReadGroup()
    {
        int width = from.Read7BitEncodedInt();
        var kind = (SeriesKind)from.ReadByte();
        RowGroup group = store.Groups.Restore(width, kind, from.ReadInt64(), from.ReadInt64(), from.ReadInt64());
        group.Blocks.AddRange(ReadBlocks());
        group.EnsureRollups().Seconds.Restore(ReadBlocks());
        group.EnsureRollups().Minutes.Restore(ReadBlocks());
        return group;
    }

    private RowBlock[] ReadBlocks()
    {
        RowBlock[] blocks = new RowBlock[from.Read7BitEncodedInt()];
        long[] timestampsNs = new long[RowBlock.RowsMax];
        for (int i = 0; i < blocks.Length; i++)
        {
            long firstRow = from.ReadInt64();
            int rows = from.Read7BitEncodedInt();
            long receivedNs = from.ReadInt64();
            int columns = from.Read7BitEncodedInt();
            byte[] bytes = GC.AllocateUninitializedArray<byte>(from.Read7BitEncodedInt());
            from.BaseStream.ReadExactly(bytes);
            blocks[i] = RowBlock.Restore(firstRow, rows, receivedNs, columns, bytes, timestampsNs);
        }
        return blocks;
    }

    private void ReadSource()
    {
        SourceWriter? writer = store.Catalog.TryOpenWriter(from.ReadString(), from.ReadString());
        long newestNs = from.ReadInt64();
        int pushIntervalMs = from.ReadInt32();
        if (writer is not null)
        {
            writer.Source.NewestSampleNs = newestNs;
            writer.Source.PushIntervalMs = pushIntervalMs;
            writer.RestoredUntilNs = newestNs;
        }
        for (int series = from.Read7BitEncodedInt(); series > 0; series--)
        {
            ReadSeries(writer);
        }
    }

    private void ReadSeries(SourceWriter? writer)
    {
        string name = from.ReadString();
        string unit = from.ReadString();
        var kind = (SeriesKind)from.ReadByte();
        Label[] labels = new Label[from.Read7BitEncodedInt()];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = new Label(from.ReadString(), from.ReadString());
        }
        Series? series = null;
        bool isAdded = writer is not null && store.Catalog.TryAddSeries(writer, name, LabelSet.From(labels), kind, unit, out series) == AddSeriesResult.Added;
        SeriesRead += isAdded ? 1 : 0;
        SeriesRefused += isAdded ? 0 : 1;
        if (kind == SeriesKind.Histogram)
        {
            ReadHistograms(series);
            return;
        }
        for (int tracks = from.Read7BitEncodedInt(); tracks > 0; tracks--)
        {
            RowGroup group = _groups[from.Read7BitEncodedInt()];
            int column = from.Read7BitEncodedInt();
            long firstPosition = from.ReadInt64();
            series?.Restore(group, column, firstPosition);
        }
    }

    private void ReadHistograms(Series? series)
    {
        long rows = from.ReadInt64();
        long newestNs = from.ReadInt64();
        long receivedNs = from.ReadInt64();
        RowBlock[] blocks = ReadBlocks();
        RowBlock[] seconds = ReadBlocks();
        RowBlock[] minutes = ReadBlocks();
        if (series is null)
        {
            return;
        }
        series.Records!.Restore(rows, newestNs, receivedNs);
        HistogramHistory history = series.EnsureHistograms(store);
        history.Blocks.AddRange(blocks);
        history.Seconds.Restore(seconds);
        history.Minutes.Restore(minutes);
    }
}
