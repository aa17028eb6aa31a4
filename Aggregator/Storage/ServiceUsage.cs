namespace Observability.Aggregator.Storage;

/// <summary>Series of one service, over all its instances. Written under the catalog's lock, read by anyone.</summary>
internal sealed class ServiceUsage
{
    private int _seriesCount;

    public int SeriesCount => Volatile.Read(ref _seriesCount);

    public void AddSeries() => Volatile.Write(ref _seriesCount, _seriesCount + 1);
}
